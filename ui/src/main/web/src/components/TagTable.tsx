import type { Tag } from '../api'

export function TagTable({ tags }: { tags: Tag[] }) {
  if (tags.length === 0) return null
  return (
    <table class="tags">
      <tbody>
        {tags.map((tag, i) => (
          <tr key={i}>
            <th scope="row">{tag.key}</th>
            <td>{String(tag.value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
