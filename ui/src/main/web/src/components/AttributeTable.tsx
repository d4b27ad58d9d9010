import { Fragment } from 'preact'
import { useState } from 'preact/hooks'

interface AttributeTableProps {
  attributes: readonly { key: string; text: string; type?: string }[]
}

/** Keys and values, whatever is in them, as text. */
export function AttributeTable({ attributes }: AttributeTableProps) {
  if (attributes.length === 0) return null
  const sorted = [...attributes].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return (
    <table class="tags">
      <tbody>
        {sorted.map((attribute, i) => (
          <tr key={i}>
            <th scope="row" dir="auto">
              {breakable(attribute.key.slice(0, 1_000))}
            </th>
            <td>
              <LongText text={attribute.text} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const FIRST = 2_000
const MORE = 100_000

/** A text of any length, of which the browser lays out no more than somebody asked for. */
export function LongText({ text }: { text: string }) {
  const [shown, setShown] = useState(FIRST)
  const [copied, setCopied] = useState(false)
  if (text.length <= FIRST) return <bdi>{text}</bdi>
  const left = text.length - shown
  return (
    <>
      <bdi>{text.slice(0, shown)}</bdi>
      <span class="long-text">
        {left > 0 && `… ${text.length.toLocaleString('en')} characters in all `}
        {left > 0 && (
          <button type="button" class="link" onClick={() => setShown(shown + MORE)}>
            more
          </button>
        )}
        <button
          type="button"
          class="link"
          onClick={() => void navigator.clipboard?.writeText(text).then(() => setCopied(true))}
        >
          {copied ? 'copied' : 'copy all'}
        </button>
      </span>
    </>
  )
}

/** Lets a long dotted key break after a dot. */
function breakable(key: string) {
  return key.split(/(?<=[._/])/).map((part, i) => (
    <Fragment key={i}>
      {i > 0 && <wbr />}
      {part}
    </Fragment>
  ))
}
