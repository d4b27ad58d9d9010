import { useState } from 'preact/hooks'
import { serviceColour } from '../colour'
import { plural } from '../format'
import { ErrorIcon } from './Icons'

/** A service and what it has in a trace. */
export interface ServiceCount {
  name: string
  spans: number
  errors: number
}

interface ServiceChipsProps {
  services: ServiceCount[]
  /** How many to show before the rest is summed up. */
  shown: number
  /** Whether the rest can be unfolded here. */
  unfolds?: boolean
}

export function ServiceChips({ services, shown, unfolds = false }: ServiceChipsProps) {
  const [all, setAll] = useState(false)
  const visible = all || services.length <= shown + 1 ? services : services.slice(0, shown)
  const hidden = services.length - visible.length
  return (
    <ul class="chips">
      {visible.map(service => (
        <li class="chip" key={service.name} title={describe(service)}>
          <i class="dot" style={{ background: serviceColour(service.name) }} />
          {service.name}
          <b>{service.spans.toLocaleString('en')}</b>
          {service.errors > 0 && <ErrorIcon label={plural(service.errors, 'error')} />}
        </li>
      ))}
      {hidden > 0 && !unfolds && <li class="chip more">+{hidden} more</li>}
      {unfolds && (hidden > 0 || all) && (
        <li>
          <button type="button" class="chip more" onClick={() => setAll(!all)}>
            {all ? 'fewer' : `+${hidden} more`}
          </button>
        </li>
      )}
    </ul>
  )
}

function describe(service: ServiceCount): string {
  const spans = `${service.name}: ${plural(service.spans, 'span')}`
  return service.errors > 0 ? `${spans}, ${plural(service.errors, 'error')}` : spans
}
