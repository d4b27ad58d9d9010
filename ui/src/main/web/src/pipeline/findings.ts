// What is wrong with the pipeline, and what to do about it.

import { formatCount, formatRate } from '../figures/words'
import { formatDuration } from '../format'
import { lagOf, type GroupState, type Reading } from './picture'

export interface Finding {
  /** bad: something does not work. warn: it works, and should be looked at. */
  tone: 'bad' | 'warn'
  /** What it is about; the box of this name turns red. */
  about: string
  what: string
  /** What to do. */
  todo: string
}

/** The role waits this long by design before it has handled a record. */
const USUAL_LAG = 30
const BAD_LAG = 120

const ROLE_WORDS: Record<GroupState['role'], string> = {
  aggregator: 'aggregator',
  ingester: 'ingester',
  figures: 'ingester of figures',
  store: 'store on the topics',
}

const COMMANDS: Record<GroupState['role'], string> = {
  aggregator: 'millrace aggregator',
  ingester: 'millrace ingester',
  figures: 'millrace ingester',
  store: 'millrace query',
}

const REJECTIONS: [RegExp, string][] = [
  [/rate|limit|budget/, 'Senders are over the rate of their tenant: raise collector.rates, or send less.'],
  [/time|past|future|old|clock/, 'Look at the clocks of the senders, or widen collector.limits.past and .future.'],
  [/id/, 'A sender makes spans without valid ids: mend it; its address is in the log of the collector.'],
]

export function findings(reading: Reading): Finding[] {
  const found: Finding[] = []
  const { now } = reading
  for (const process of now.processes) {
    if (process.problem !== undefined) {
      found.push({
        tone: 'warn',
        about: process.name,
        what: `${process.name} does not tell its figures: ${process.problem}.`,
        todo: 'What it counts is missing below. See whether it runs, and whether query.processes names its metrics.',
      })
    }
    const told = new Set(process.troubles.map(trouble => trouble.part))
    for (const { part, reason } of process.troubles) {
      found.push({ tone: 'bad', about: boxOf(part), what: `${part} of ${process.name}: ${reason}.`, todo: adviceFor(part) })
    }
    for (const figure of process.figures) {
      const part = figure.labels['part'] ?? ''
      if (figure.name === 'millrace_part_up' && figure.value === 0 && !told.has(part)) {
        found.push({
          tone: 'bad',
          about: boxOf(part),
          what: `${part} of ${process.name} cannot do its job.`,
          todo: `Its health port says why, at /status. ${adviceFor(part)}`,
        })
      }
    }
  }
  for (const group of now.groups) ofGroup(group, found)
  if ((reading.value('millrace_ingester_paused') ?? 0) > 0) {
    found.push({
      tone: 'bad',
      about: 'ingester',
      what: 'The store does not take what is written; the ingester waits and tries again.',
      todo: 'Mend the store. Nothing is lost as long as Kafka keeps traces-complete.',
    })
  }
  ofCounters(reading, found)
  const dead = now.topics.find(topic => topic.what === 'dead-letters')
  if (dead && dead.offsets > 0) {
    const moving = dead.perSecond > 0
    found.push({
      tone: moving ? 'bad' : 'warn',
      about: 'dead-letters',
      what: moving
        ? `Records are being put aside, ${formatRate(dead.perSecond)} in the last minute.`
        : `Records lie in the dead letters: ${formatCount(dead.offsets)} offsets are taken there.`,
      todo: 'millrace dead-letters list tells why; when that is mended, millrace dead-letters replay brings them back.',
    })
  }
  return found.sort((a, b) => (a.tone === b.tone ? 0 : a.tone === 'bad' ? -1 : 1))
}

function ofGroup(group: GroupState, found: Finding[]): void {
  const role = ROLE_WORDS[group.role]
  const { records, seconds, furthest } = lagOf(group)
  if (group.members === 0) {
    found.push({
      tone: 'bad',
      about: group.role,
      what:
        group.state === 'absent'
          ? `No ${role} has ever read ${group.topic}.`
          : `No ${role} reads ${group.topic}: the group ${group.group} has no members.`,
      todo: `Start one: ${COMMANDS[group.role]}.`,
    })
    return
  }
  if (!['stable', 'empty'].includes(group.state)) {
    found.push({
      tone: 'warn',
      about: group.role,
      what: `The group ${group.group} is ${group.state}: its members share the partitions out anew.`,
      todo: 'Wait a moment. If it stays so, a member comes and goes: look at the logs for restarts.',
    })
  }
  if (records > 0 && seconds > USUAL_LAG) {
    const idle = group.partitions.filter(partition => partition.records === 0).length
    const stuck = idle >= group.partitions.length / 2
    found.push({
      tone: seconds > BAD_LAG ? 'bad' : 'warn',
      about: group.role,
      what: `The ${role} is ${formatDuration(seconds * 1e6)} behind, by ${formatCount(records)} records; furthest in partition ${furthest}.`,
      todo: stuck
        ? `Most partitions have no lag, so one may be stuck: look at the log of the ${role} that has partition ${furthest}.`
        : group.members < group.partitions.length
          ? `Start more of them (${COMMANDS[group.role]}): up to ${group.partitions.length} share the ${group.partitions.length} partitions, and ${group.members} ${group.members === 1 ? 'does' : 'do'}.`
          : 'There is one reader for each partition already: give them more CPU, or see whether what they write to is slow.',
    })
  }
}

function ofCounters(reading: Reading, found: Finding[]): void {
  for (const { value, perSecond } of reading.by('millrace_spans_rejected_total', 'reason')) {
    if (perSecond) {
      found.push({
        tone: 'warn',
        about: 'collector',
        what: `Spans are rejected, ${formatRate(perSecond)}: ${value}.`,
        todo: REJECTIONS.find(([pattern]) => pattern.test(value))?.[1] ?? 'Senders are told why in each answer, and do not send them again.',
      })
    }
  }
  for (const { value, perSecond } of reading.by('millrace_produce_failures_total', 'reason')) {
    if (perSecond) {
      found.push({
        tone: 'bad',
        about: 'collector',
        what: `Kafka does not take spans: ${value}, ${formatRate(perSecond)}.`,
        todo: 'Senders are told to come back. See whether the brokers run and have disk and replicas.',
      })
    }
  }
  for (const { value, perSecond } of reading.by('millrace_store_failures_total', 'kind')) {
    if (perSecond) {
      found.push({
        tone: 'bad',
        about: 'store',
        what: `The store fails (${value}), ${formatRate(perSecond)}.`,
        todo: 'The ingester tries again. Look at the log of the ingester and at the store itself.',
      })
    }
  }
  const restarts: [string, string][] = [
    ['aggregator', 'millrace_aggregator_restarts_total'],
    ['ingester', 'millrace_ingester_restarts_total'],
  ]
  for (const [role, name] of restarts) {
    if (reading.perSecond(name)) {
      found.push({
        tone: 'bad',
        about: role,
        what: `A loop of the ${role} fails and begins anew.`,
        todo: `Its log says why. Nothing is lost; while it lasts the ${role} falls behind.`,
      })
    }
  }
  if (reading.value('millrace_cache_up') === 0) {
    found.push({
      tone: 'warn',
      about: 'query',
      what: 'Redis does not answer.',
      todo: 'Answers come from the store, which is slower. See whether Redis runs and redis.uri is right.',
    })
  }
  const factors: [string, string, string][] = [
    ['collector', 'millrace_sampling_head_load_factor', 'at the head'],
    ['aggregator', 'millrace_sampling_tail_load_factor', 'at the tail'],
  ]
  for (const [role, name, where] of factors) {
    const least = Math.min(
      ...reading.now.processes.flatMap(process => process.figures.filter(one => one.name === name).map(one => one.value)),
      1,
    )
    if (least < 1) {
      found.push({
        tone: 'warn',
        about: role,
        what: `Load lowers what is kept ${where}: shares are multiplied by ${Number(least.toPrecision(2))}.`,
        todo: `${role === 'aggregator' ? 'An aggregator' : 'A collector'} is above sampling.load.high-mark: add one, or give it more CPU and memory.`,
      })
    }
  }
}

/** Which box of the picture a part belongs to. */
function boxOf(part: string): string {
  if (part === 'kafka') return 'collector'
  if (part === 'dependencies') return 'figures'
  if (['store', 'stores', 'archive'].includes(part)) return 'store'
  return part
}

function adviceFor(part: string): string {
  switch (boxOf(part)) {
    case 'collector':
    case 'broker':
      return 'See whether Kafka runs and can be reached at kafka.bootstrap-servers.'
    case 'store':
      return 'See whether the store runs, has disk, and can be reached at the address in storage.'
    default:
      return 'The log of that process says more.'
  }
}
