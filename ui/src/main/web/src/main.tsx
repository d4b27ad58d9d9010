import { render } from 'preact'
import { App } from './components/App'
import './styles/base.css'
import './styles/search.css'
import './styles/trace.css'

render(<App />, document.getElementById('app')!)
