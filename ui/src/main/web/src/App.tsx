import { useEffect, useState } from 'preact/hooks'
import { Header } from './components/Header'
import { FailureNotice, Loading, Notice } from './components/Notice'
import { PAGES, type PageComponent, type PageEntry } from './pages'
import { Link, matchPath, usePlace } from './router'

export function App() {
  const place = usePlace()
  const found = PAGES.map(page => ({ page, names: matchPath(page.path, place.path) })).find(match => match.names)
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <Header page={found?.page} />
      {found ? (
        <LoadedPage
          key={PAGES.indexOf(found.page)}
          page={found.page}
          names={found.names!}
          path={place.path}
          parameters={place.parameters}
        />
      ) : (
        <main id="main" class="page">
          <Notice title="There is no such page.">
            <code>{place.path}</code> leads nowhere. <Link href="/search">Search traces</Link>.
          </Notice>
        </main>
      )}
    </>
  )
}

/** Not by the browser: another address would be another visit. */
function skip(event: Event): void {
  event.preventDefault()
  const main = document.getElementById('main')
  main?.setAttribute('tabindex', '-1')
  main?.focus()
}

const loaded = new Map<PageEntry, PageComponent>()
const RETRY_MS = 3_000

interface LoadedPageProps {
  page: PageEntry
  names: Record<string, string>
  path: string
  parameters: URLSearchParams
}

function LoadedPage({ page, ...route }: LoadedPageProps) {
  const [component, setComponent] = useState<{ page: PageComponent } | undefined>(() => wrap(loaded.get(page)))
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    if (component) return
    let gone = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const attempt = () => {
      page.load().then(
        module => {
          loaded.set(page, module.default)
          if (!gone) setComponent(wrap(module.default))
        },
        () => {
          if (gone) return
          setFailed(true)
          timer = setTimeout(attempt, RETRY_MS)
        },
      )
    }
    attempt()
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [page, component])

  if (component) {
    const Page = component.page
    return <Page key={page.anew === undefined ? '' : route.names[page.anew]!} route={route} />
  }
  return (
    <main id="main" class="page">
      {failed ? (
        <FailureNotice failure={{ message: 'this page could not be fetched', retrying: true }} />
      ) : (
        <Loading what="the page" />
      )}
    </main>
  )
}

/** In an object, as a state that is a function would be called. */
function wrap(page: PageComponent | undefined): { page: PageComponent } | undefined {
  return page && { page }
}
