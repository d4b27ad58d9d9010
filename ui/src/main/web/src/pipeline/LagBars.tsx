import { formatCount } from '../figures/words'
import { formatDuration } from '../format'
import { lagOf, type GroupState } from './picture'

/** A bar for each partition, as high as its lag; the same as words for those who do not see it. */
export function LagBars({ group }: { group: GroupState }) {
  const most = Math.max(1, ...group.partitions.map(partition => partition.records))
  const { furthest } = lagOf(group)
  const behind = group.partitions.filter(partition => partition.records > 0)
  return (
    <>
      <div class="lag-bars" aria-hidden="true">
        {group.partitions.map(partition => (
          <i
            key={partition.partition}
            class={partition.seconds > 120 ? 'bad' : partition.seconds > 30 ? 'warn' : undefined}
            style={{ height: `${partition.records === 0 ? 2 : 4 + (partition.records / most) * 36}px` }}
            title={`partition ${partition.partition}: ${formatCount(partition.records)} records${partition.seconds > 0 ? `, ${formatDuration(partition.seconds * 1e6)}` : ''}`}
          />
        ))}
      </div>
      <p class="lag-scale">
        {group.partitions.length === 0
          ? 'The topic is not there yet.'
          : `partition 0 to ${group.partitions.length - 1}; ${behind.length} of them behind${
              furthest === undefined ? '' : `, furthest partition ${furthest}`
            }, by ${formatCount(most === 1 && behind.length === 0 ? 0 : most)} at most`}
      </p>
    </>
  )
}
