// The policy in force as `/v1/sampling` tells it, and what each of its rules does.

export interface SamplingPicture {
  version: number
  policy: string
  choice: 'first' | 'strongest'
  rules: { name: string; when: string; keep: number }[]
  budget: {
    spansPerSecond: number
    bytesPerSecond: number
    certainShare: number
    othersShare: number
    operationsInAll: number
    operations: { tenant: string; service: string; operation: string; share: number }[]
  }
  loadFactor: number
  slowInAll: number
  slow: { tenant: string; service: string; operation: string; percentile: number; durationNanos: string }[]
  counted: { since: string; until: string; whole: boolean; outcomes: Outcome[] }
}

export interface Outcome {
  rule: string
  verdict: 'keep' | 'drop'
  traces: number
  spans: number
  errors: number
  bytes: number
}

export interface Sums {
  traces: number
  spans: number
  errors: number
  bytes: number
}

export interface RuleRow {
  name: string
  /** Undefined for verdicts that no rule of the policy in force gave. */
  when: string | undefined
  keep: number | undefined
  kept: Sums
  dropped: Sums
}

const NOTHING: Sums = { traces: 0, spans: 0, errors: 0, bytes: 0 }

/** The rules in their order, each with what it did; then verdicts of other names: of no rule, or of a policy before. */
export function ruleRows(picture: SamplingPicture): RuleRow[] {
  const names = new Set([...picture.rules.map(rule => rule.name), ...picture.counted.outcomes.map(outcome => outcome.rule)])
  return [...names].map(name => {
    const rule = picture.rules.find(one => one.name === name)
    return {
      name,
      when: rule?.when,
      keep: rule?.keep,
      kept: add(picture.counted.outcomes.filter(one => one.rule === name && one.verdict === 'keep')),
      dropped: add(picture.counted.outcomes.filter(one => one.rule === name && one.verdict === 'drop')),
    }
  })
}

/** All that was decided about. */
export function totals(picture: SamplingPicture): { kept: Sums; dropped: Sums } {
  const of = (verdict: string) => add(picture.counted.outcomes.filter(one => one.verdict === verdict))
  return { kept: of('keep'), dropped: of('drop') }
}

function add(outcomes: readonly Outcome[]): Sums {
  return outcomes.reduce<Sums>(
    (sum, one) => ({
      traces: sum.traces + one.traces,
      spans: sum.spans + one.spans,
      errors: sum.errors + one.errors,
      bytes: sum.bytes + one.bytes,
    }),
    NOTHING,
  )
}

/** What `/v1/traces/{id}/decision` tells. */
export interface Decisions {
  traceId: string
  decisions: Decision[]
  partial?: true
  reasons?: string[]
}

export interface Decision {
  verdict: 'keep' | 'drop' | 'refused'
  policy: string
  threshold: string
  keptShare: number
  ruleThreshold: string
  headThreshold: string
  incomplete: boolean
  version: number
  fragment: number
  upgrade: string
  superseded: boolean
  closedAt: string
  decidedAt: string
  digest: {
    rootService: string
    rootOperation: string
    durationNanos: string
    spanCount: number
    errorCount: number
    bytes: number
  }
}

/** A decision in a sentence. */
export function decisionWords(decision: Decision): string {
  const what = decision.fragment > 0 ? `Late spans (fragment ${decision.fragment})` : 'The trace'
  const many = decision.fragment > 0
  switch (decision.verdict) {
    case 'keep':
      return `${what} ${many ? 'were' : 'was'} kept by ${decision.policy}.`
    case 'drop':
      return `${what} ${many ? 'were' : 'was'} dropped: ${decision.policy}.`
    case 'refused':
      return `${what} could not be enriched and ${many ? 'lie' : 'lies'} in the dead letters: ${decision.policy}.`
  }
}
