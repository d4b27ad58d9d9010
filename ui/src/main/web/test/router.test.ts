import { describe, expect, test } from 'vitest'
import { PAGES } from '../src/pages'
import { matchPath } from '../src/router'

function lead(path: string): string[] {
  return PAGES.flatMap(page => {
    const names = matchPath(page.path, path)
    return names ? [page.entry?.label ?? JSON.stringify(names)] : []
  })
}

describe('a path', () => {
  test('leads to one page at most', () => {
    expect(lead('/')).toEqual(['Search'])
    expect(lead('/search')).toEqual(['Search'])
    expect(lead('/trace/4bf92f')).toEqual(['{"id":"4bf92f"}'])
    expect(lead('/services')).toEqual(['Services'])
    expect(lead('/services/cart%2Fv2')).toEqual(['{"name":"cart/v2"}'])
    expect(lead('/pipeline')).toEqual(['Pipeline'])
    expect(lead('/sampling')).toEqual(['Sampling'])
    expect(lead('/nowhere')).toEqual([])
  })

  test('names what is in it, decoded, and as it is when it cannot be', () => {
    expect(matchPath(/^\/a\/(?<name>[^/]+)$/, '/a/b%2Fc')).toEqual({ name: 'b/c' })
    expect(matchPath(/^\/a\/(?<name>[^/]+)$/, '/a/%E0%A4%A')).toEqual({ name: '%E0%A4%A' })
    expect(matchPath(/^\/a\/(?<name>[^/]+)$/, '/b/c')).toBeUndefined()
  })
})
