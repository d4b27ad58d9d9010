import { Fragment } from 'preact'
import type { Tag } from '../api'

export function TagTable({ tags }: { tags: Tag[] }) {
  if (tags.length === 0) return null
  return (
    <table class="tags">
      <tbody>
        {tags.map((tag, i) => (
          <tr key={i}>
            <th scope="row">{breakable(tag.key)}</th>
            <td>{String(tag.value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
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
