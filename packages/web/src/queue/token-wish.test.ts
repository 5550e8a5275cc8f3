import { expect, it } from 'vitest';
import { tokenRequest, USUAL_TOKEN, whyNoToken } from './token-wish.ts';

it('asks for the labels and groups that were typed and chosen, and for none where nothing was', () => {
  const wish = { ...USUAL_TOKEN, labels: ' env=prod, site=a=b\nowner=web ', groups: ['web', 'edge'] };
  expect(tokenRequest(wish)).toEqual({
    ttl_seconds: 86_400,
    uses: 1,
    labels: { env: 'prod', site: 'a=b', owner: 'web' },
    groups: ['web', 'edge'],
  });
  expect(tokenRequest(USUAL_TOKEN)).toEqual({ ttl_seconds: 86_400, uses: 1 });
});

it.each([
  ['env', 'A label is KEY=VALUE'],
  ['env=', 'A label is KEY=VALUE'],
  ['=prod', 'A label is KEY=VALUE'],
  ['env=prod env=test', 'one value of env'],
  [Array.from({ length: 33 }, (_, at) => `k${at}=v`).join(' '), 'at most 32 labels'],
])('does not ask for the labels %j', (labels, why) => {
  expect(whyNoToken({ ...USUAL_TOKEN, labels })).toContain(why);
});

it('does not ask for more groups than a host is in, nor for a number of hosts that there is not', () => {
  const groups = Array.from({ length: 33 }, (_, at) => `g${at}`);
  expect(whyNoToken({ ...USUAL_TOKEN, groups })).toContain('at most 32 groups');
  expect(whyNoToken({ ...USUAL_TOKEN, uses: '0' })).toContain('1 to 10000');
  expect(whyNoToken(USUAL_TOKEN)).toBeUndefined();
});
