import { expect, test } from 'vitest'
import { refused } from '../src/api'

test.each([
  [400, '{"error":{"status":400,"message":"limit: 0"}}', 'limit: 0', false],
  [400, '{"data":null,"errors":[{"code":400,"msg":"no service"}]}', 'no service', false],
  [400, 'invalid TraceQL query: line 1\n', 'invalid TraceQL query: line 1', false],
  [502, '<html><body>Bad Gateway</body></html>', 'HTTP 502 Bad', true],
  [503, '', 'HTTP 503 Bad', true],
  [429, '{}', 'HTTP 429 Bad', true],
  [501, '{"error":{"message":"no figures"}}', 'no figures', false],
])('an answer of %i with %s is told in its words', (status, text, message, transient) => {
  expect(refused({ status, statusText: 'Bad' }, text)).toMatchObject({ message, status, transient })
})
