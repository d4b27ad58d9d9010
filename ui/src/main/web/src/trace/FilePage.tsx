import { useMemo, useRef, useState } from 'preact/hooks'
import { FailureNotice, Loading, Strip } from '../components/Notice'
import { formatBytes, plural, shortId } from '../format'
import type { Route } from '../router'
import { useTrace } from './session'
import './views.css'
import './trace.css'
import { useTitle } from './TracePage'
import { TraceView } from './TraceView'

const LARGEST = 512 * 1024 * 1024

/** Shows a trace from a file. Nothing of it leaves the browser. */
export default function FilePage({ route }: { route: Route }) {
  const [file, setFile] = useState<File | undefined>(undefined)
  const [over, setOver] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    setFile(event.dataTransfer?.files[0])
  }
  if (file && file.size <= LARGEST) {
    return <ShownFile key={`${file.name} ${file.lastModified} ${file.size}`} file={file} route={route} onClose={() => setFile(undefined)} />
  }
  return (
    <main
      id="main"
      class="page"
      onDragOver={event => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <div class={over ? 'notice drop over' : 'notice drop'}>
        <h1 class="notice-title">Look at a trace from a file</h1>
        <p>
          OTLP, Jaeger or Zipkin JSON, as Download on a trace gives it. It is read here in the browser: nothing is sent or
          stored.
        </p>
        {file && <Strip tone="error">{file.name} has {formatBytes(file.size)} (expected: at most {formatBytes(LARGEST)})</Strip>}
        <p>
          <label class="button primary">
            Choose a file
            <input
              ref={input}
              type="file"
              class="hidden-input"
              accept=".json,.jsonl,application/json"
              onChange={event => setFile(event.currentTarget.files?.[0])}
            />
          </label>{' '}
          or drop one here.
        </p>
      </div>
    </main>
  )
}

function ShownFile({ file, route, onClose }: { file: File; route: Route; onClose: () => void }) {
  const source = useMemo(() => ({ kind: 'file' as const, file, trace: undefined }), [file])
  const [correct, setCorrect] = useState(true)
  const [state, session] = useTrace(source, 0, correct)
  const { built, failure } = state
  useTitle(built)
  if (built && session) {
    const traces = state.file?.traces ?? []
    return (
      <TraceView
        key={built.facts.traceId}
        built={built}
        whole
        session={session}
        route={route}
        correct={correct}
        onCorrect={wanted => {
          setCorrect(wanted)
          session.send({ kind: 'correct', correct: wanted })
        }}
        stored={false}
      >
        <Strip>
          From the file {file.name}, {state.file?.format} JSON; not stored.{' '}
          {traces.length > 1 && (
            <label class="inline-field">
              Trace
              <select
                value={built.facts.traceId}
                onChange={event =>
                  session.send({ kind: 'file', file, trace: event.currentTarget.value, correct })
                }
              >
                {traces.map(trace => (
                  <option key={trace.id} value={trace.id}>
                    {shortId(trace.id)} · {plural(trace.spans, 'span')}
                  </option>
                ))}
              </select>
            </label>
          )}{' '}
          <button type="button" class="link" onClick={onClose}>
            Another file
          </button>
        </Strip>
      </TraceView>
    )
  }
  return (
    <main id="main" class="page">
      {failure ? (
        <>
          <FailureNotice failure={failure} title="The file cannot be shown." />
          <p class="below-notice">
            <button type="button" onClick={onClose}>
              Another file
            </button>
          </p>
        </>
      ) : (
        <Loading what="the file" />
      )}
    </main>
  )
}
