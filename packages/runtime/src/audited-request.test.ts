import { expect, it } from 'vitest';
import { auditedRequest } from './audited-request.ts';

it('a request is recorded with names, versions and options', () => {
  const body = { packages: [{ name: 'curl', version: '8.1-1' }], options: { force: true } };
  expect(auditedRequest({ parameters: { id: 'web1' }, query: {}, body })).toEqual({
    parameters: { id: 'web1' },
    body,
  });
});

it('a request is recorded without secrets, and never longer than an audit log can bear', () => {
  const deep = (levels: number): unknown => (levels === 0 ? 'x' : { a: deep(levels - 1) });
  const record = auditedRequest({
    body: {
      code: 'K7GQ-4K2M-XR0P-9TAD',
      nested: { token: 'secret', password: 'secret' },
      crl_pem: 'A'.repeat(100_000),
      names: Array.from({ length: 5_000 }, (_, index) => `package-${index}`),
      deep: deep(50),
      wide: Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, 1])),
    },
  });
  const text = JSON.stringify(record);
  expect(text).not.toMatch(/K7GQ|secret/);
  expect(text).toContain('[100000 characters]');
  expect(text).toContain('[4900 more]');
  expect(text.length).toBeLessThan(4_000);
});
