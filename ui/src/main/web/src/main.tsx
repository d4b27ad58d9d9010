import { render } from 'preact'
import { App } from './App'
import { startTheme } from './theme'
import './styles/tokens.css'
import './styles/base.css'

startTheme()
render(<App />, document.getElementById('app')!)
