import { describe, expect, it } from 'vitest';
import { isSeveral, namesMeant } from './choose-hosts.ts';

const FLEET = [
  { id: 'a', fqdn: 'web1.example.test', ip_address: '10.0.0.1' },
  { id: 'b', fqdn: 'web2.example.test', ip_address: '10.0.0.2' },
  { id: 'c', fqdn: 'db1.example.test', ip_address: '10.0.0.3' },
  { id: 'd', fqdn: 'db1.other.test', ip_address: '10.0.0.4' },
];
const meant = (reference: string) =>
  namesMeant(FLEET, reference, async (word) => new Set(word === 'web' ? ['a', 'b'] : []));

describe('a reference to hosts', () => {
  it.each([
    ['web2,web1', ['web1.example.test', 'web2.example.test']],
    ['WEB1, 10.0.0.3', ['db1.example.test', 'web1.example.test']],
    ['web*', ['web1.example.test', 'web2.example.test']],
    ['db?.other.test', ['db1.other.test']],
    ['@web,web1,d', ['db1.other.test', 'web1.example.test', 'web2.example.test']],
  ])('%s means each of its hosts once', async (reference, names) => {
    expect(await meant(reference)).toEqual(names);
  });

  it.each([
    ['web9', /There is no host web9\. Nothing was done/],
    ['web1,', /There is no host .*Nothing was done/],
    ['', /Nothing was done/],
    ['mail*', /mail\* means no host now\. Nothing was done/],
    ['web1,@empty', /@empty means no host now\. Nothing was done/],
    ['db1', /Several hosts are called db1: db1\.example\.test, db1\.other\.test/],
    ['web.', /There is no host/],
    ['(web1|.)*', /means no host now/],
  ])('%s means none, which is never all', async (reference, words) => {
    await expect(meant(reference)).rejects.toMatchObject({
      code: 'HOST_NOT_FOUND',
      message: expect.stringMatching(words),
    });
  });

  it('that is one plain name is looked up by the manager', () => {
    expect(['web1', 'web1.example.test', '10.0.0.1', 'fd00::1'].map(isSeveral)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(['a,b', 'web*', 'web?', '@all'].map(isSeveral)).toEqual([true, true, true, true]);
  });
});
