// The little of Node that tests use, which is not worth a package of types.
declare module 'node:fs' {
  export function readFileSync(path: URL, encoding: 'utf8'): string
}
