import { Link, useRoute, type Route } from '../router'
import { Header } from './Header'
import { Notice } from './Notice'
import { SearchPage } from './SearchPage'
import { TracePage } from './TracePage'

export function App() {
  const route = useRoute()
  return (
    <>
      <Header />
      <Page route={route} />
    </>
  )
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case 'search':
      return <SearchPage route={route} />
    case 'trace':
      return <TracePage key={route.id} route={route} />
    case 'unknown':
      return (
        <main class="page">
          <Notice title="There is no such page.">
            <code>{route.path}</code> leads nowhere. <Link href="/search">Search traces</Link>.
          </Notice>
        </main>
      )
  }
}
