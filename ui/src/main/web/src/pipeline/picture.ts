// The pipeline as `/v1/pipeline` tells it, and what can be read from two looks at it.

import type { Gaps } from '../api'

export interface Figure {
  name: string
  labels: Record<string, string>
  value: number
}

export interface ProcessState {
  name: string
  /** Why its figures are not known. */
  problem?: string
  troubles: { part: string; reason: string }[]
  figures: Figure[]
}

export interface TopicState {
  what: string
  name: string
  partitions: number
  offsets: number
  perSecond: number
}

export interface PartitionLag {
  partition: number
  records: number
  seconds: number
}

export interface GroupState {
  role: 'aggregator' | 'ingester' | 'figures' | 'store'
  group: string
  topic: string
  state: string
  members: number
  partitions: PartitionLag[]
}

export interface Picture extends Gaps {
  time: string
  mode: 'streaming' | 'direct'
  processes: ProcessState[]
  topics: TopicState[]
  groups: GroupState[]
}

export type Role = 'collector' | 'aggregator' | 'ingester' | 'query'

/** A figure that each process with the role has, whatever it does. */
const SIGN: Record<Role, string> = {
  collector: 'millrace_spans_received_total',
  aggregator: 'millrace_aggregator_open_traces',
  ingester: 'millrace_ingester_paused',
  query: 'millrace_query_running',
}

export function rolesOf(process: ProcessState): Role[] {
  const names = new Set(process.figures.map(figure => figure.name))
  return (Object.keys(SIGN) as Role[]).filter(role => names.has(SIGN[role]))
}

export interface Moving {
  total: number
  /** Undefined until there are two looks to compare, and where a process began anew between them. */
  perSecond: number | undefined
}

/** Reads figures of all processes together: what nobody tells is undefined, never 0. */
export class Reading {
  private readonly seconds: number

  constructor(
    readonly now: Picture,
    /** An earlier look, to take rates from. */
    private readonly before: Picture | undefined,
  ) {
    this.seconds = before ? (Date.parse(now.time) - Date.parse(before.time)) / 1_000 : 0
  }

  /** How many processes are known to have a role. */
  processes(role: Role): number {
    return this.now.processes.filter(process => rolesOf(process).includes(role)).length
  }

  value(name: string, labels: Record<string, string> = {}): number | undefined {
    return total(this.now.processes, name, labels)
  }

  /** The rate of a counter. */
  perSecond(name: string, labels: Record<string, string> = {}): number | undefined {
    const grown = this.growth(name, labels)
    return grown === undefined ? undefined : grown / this.seconds
  }

  /** By how much a counter has grown since the earlier look. */
  private growth(name: string, labels: Record<string, string>): number | undefined {
    if (!this.before || this.seconds <= 0) return undefined
    let sum: number | undefined
    for (const process of this.now.processes) {
      const now = total([process], name, labels)
      const before = this.before.processes.find(one => one.name === process.name)
      if (now === undefined || !before || before.problem !== undefined) continue
      // What was not counted then had not happened yet.
      const grown = now - (total([before], name, labels) ?? 0)
      if (grown >= 0) sum = (sum ?? 0) + grown
    }
    return sum
  }

  /** A counter by the values of one of its labels, the greatest first. */
  by(name: string, label: string, labels: Record<string, string> = {}): (Moving & { value: string })[] {
    const values = new Set(
      this.now.processes.flatMap(process =>
        process.figures.filter(figure => figure.name === name && hasAll(figure, labels)).map(figure => figure.labels[label] ?? ''),
      ),
    )
    return [...values]
      .map(value => ({
        value,
        total: this.value(name, { ...labels, [label]: value }) ?? 0,
        perSecond: this.perSecond(name, { ...labels, [label]: value }),
      }))
      .sort((a, b) => b.total - a.total || a.value.localeCompare(b.value))
  }

  /** What a timer took on average since the earlier look, or else since the start, in microseconds; undefined when it never ran. */
  mean(name: string, labels: Record<string, string> = {}): { micros: number; lately: boolean } | undefined {
    const count = this.growth(`${name}_seconds_count`, labels)
    const sum = this.growth(`${name}_seconds_sum`, labels)
    if (count !== undefined && sum !== undefined && count > 0) return { micros: (sum / count) * 1e6, lately: true }
    const all = this.value(`${name}_seconds_count`, labels)
    const took = this.value(`${name}_seconds_sum`, labels)
    return all !== undefined && took !== undefined && all > 0 ? { micros: (took / all) * 1e6, lately: false } : undefined
  }
}

function total(processes: readonly ProcessState[], name: string, labels: Record<string, string>): number | undefined {
  let sum: number | undefined
  for (const process of processes) {
    for (const figure of process.figures) {
      if (figure.name === name && hasAll(figure, labels)) sum = (sum ?? 0) + figure.value
    }
  }
  return sum
}

function hasAll(figure: Figure, labels: Record<string, string>): boolean {
  return Object.entries(labels).every(([label, value]) => figure.labels[label] === value)
}

export interface LagTotals {
  records: number
  /** The age of the oldest record that was not handled. */
  seconds: number
  /** The partition it is in. */
  furthest: number | undefined
}

export function lagOf(group: GroupState): LagTotals {
  let furthest: PartitionLag | undefined
  let records = 0
  for (const partition of group.partitions) {
    records += partition.records
    if (partition.records > 0 && (!furthest || partition.seconds > furthest.seconds)) furthest = partition
  }
  return { records, seconds: furthest?.seconds ?? 0, furthest: furthest?.partition }
}

/** The looks of the last while: the newest, and one to compare it with. */
export function remember(history: readonly Picture[], next: Picture, keepMillis: number): Picture[] {
  const newest = Date.parse(next.time)
  const kept = history.filter(one => {
    const age = newest - Date.parse(one.time)
    return age > 0 && age <= keepMillis
  })
  return [...kept, next]
}
