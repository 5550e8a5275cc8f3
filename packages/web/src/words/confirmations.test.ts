import { expect, it } from 'vitest';
import {
  type Confirmation,
  confirmCancel,
  confirmRemove,
  confirmRevokeCertificate,
  confirmRevokeProgram,
  confirmRevokeToken,
  confirmShutOut,
} from './confirmations.ts';

it.each<[string, Confirmation]>([
  ['web1', confirmCancel('web1')],
  ['ab12', confirmRevokeToken({ id: 'ab12', used: 1 })],
  ['ci', confirmRevokeProgram('ci')],
  ['web1', confirmRevokeCertificate({ serial: '7', kind: 'agent' }, 'web1')],
  ['eve', confirmShutOut('eve')],
  ['eve', confirmRemove('eve')],
])('names %s in the question and on the button: %j', (whom, { title, happens, yes }) => {
  expect(title).toContain(whom);
  expect(title).toMatch(/\?$/);
  expect(yes).toContain(whom);
  expect(happens.every((one) => one.endsWith('.'))).toBe(true);
});
