import { expect, test } from 'vitest'
import { decisionWords, ruleRows, totals, type Decision, type Outcome, type SamplingPicture } from '../src/sampling/sampling'

function outcome(rule: string, verdict: 'keep' | 'drop', traces: number): Outcome {
  return { rule, verdict, traces, spans: traces * 10, errors: traces, bytes: traces * 1_000 }
}

const PICTURE: SamplingPicture = {
  version: 7,
  policy: 'preset: hybrid',
  choice: 'strongest',
  rules: [
    { name: 'errors', when: 'a span failed', keep: 1 },
    { name: 'rest', when: 'always', keep: 0.01 },
  ],
  budget: { spansPerSecond: 0, bytesPerSecond: 0, certainShare: 1, othersShare: 1, operationsInAll: 0, operations: [] },
  loadFactor: 1,
  slowInAll: 0,
  slow: [],
  counted: {
    since: '2026-11-21T10:00:00Z',
    until: '2026-11-21T10:15:00Z',
    whole: true,
    outcomes: [outcome('before', 'keep', 3), outcome('errors', 'keep', 20), outcome('rest', 'drop', 970), outcome('rest', 'keep', 7)],
  },
}

test('rules stand in their order with what each did, then verdicts of rules that are gone', () => {
  const rows = ruleRows(PICTURE)

  expect(rows.map(row => row.name)).toEqual(['errors', 'rest', 'before'])
  expect(rows[1]).toMatchObject({ when: 'always', keep: 0.01 })
  expect(rows[1]!.kept.traces).toBe(7)
  expect(rows[1]!.dropped.spans).toBe(9_700)
  expect(rows[2]!.when).toBeUndefined()
})

test('all that was decided about is summed up', () => {
  expect(totals(PICTURE).kept.traces).toBe(30)
  expect(totals(PICTURE).dropped).toEqual({ traces: 970, spans: 9_700, errors: 970, bytes: 970_000 })
})

test('a decision is told in a sentence', () => {
  const decision = { verdict: 'drop', policy: 'no rule', fragment: 0 } as Decision

  expect(decisionWords(decision)).toBe('The trace was dropped: no rule.')
  expect(decisionWords({ ...decision, verdict: 'keep', policy: 'errors', fragment: 2 })).toBe(
    'Late spans (fragment 2) were kept by errors.',
  )
})
