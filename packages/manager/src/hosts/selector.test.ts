import { describe, expect, it } from 'vitest';
import { fleetOf, hostsMeant } from './selector.ts';

const FLEET = [
  { id: 'a', fqdn: 'web1.example.test', ip_address: '10.0.0.1' },
  { id: 'b', fqdn: 'web2.example.test', ip_address: '10.0.0.2' },
  { id: 'c', fqdn: 'db1.example.test', ip_address: '10.0.0.3' },
  { id: 'd', fqdn: 'db1.other.test', ip_address: '10.0.0.4' },
];
const WORDS: Readonly<Record<string, readonly string[]>> = { web: ['a', 'b'], 'n=1': ['a', 'c', 'd'] };
const meant = async (reference: string) =>
  (await hostsMeant(fleetOf(FLEET), reference, async (word) => new Set(WORDS[word]))).map(({ fqdn }) => fqdn);

describe('a reference to hosts', () => {
  it.each([
    ['web2,web1', ['web1.example.test', 'web2.example.test']],
    ['WEB1, 10.0.0.3', ['db1.example.test', 'web1.example.test']],
    ['web*', ['web1.example.test', 'web2.example.test']],
    ['db?.other.test', ['db1.other.test']],
    ['@web,web1,d', ['db1.other.test', 'web1.example.test', 'web2.example.test']],
    ['db1.other', ['db1.other.test']],
    ['@web+@n=1', ['web1.example.test']],
    ['*.other.* + @n=1 , web2', ['db1.other.test', 'web2.example.test']],
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
    ['@web+db?.*', /@web\+db\?\.\* means no host now\. Nothing was done/],
    ['@web+', /There is no host \. Nothing was done/],
    ['@web+web9', /There is no host web9\. Nothing was done/],
  ])('%s means none, which is never all', async (reference, words) => {
    await expect(meant(reference)).rejects.toMatchObject({
      code: 'HOST_NOT_FOUND',
      message: expect.stringMatching(words),
    });
  });

  it('names at most 50 patterns and words, whatever they mean, and any number of names', async () => {
    const many = (one: string, count: number) => Array.from({ length: count }, () => one).join(',');
    await expect(meant(many('@web', 51))).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringMatching(/51 patterns and words .* at most 50/),
    });
    expect(await meant(many('w*', 50))).toHaveLength(2);
    expect(await meant(many('web1', 900))).toHaveLength(1);
  });

  it('has its names looked up in a fleet that is looked through once for all references', async () => {
    let looked = 0;
    const hosts = FLEET.map((host) => ({
      ...host,
      get id() {
        looked += 1;
        return host.id;
      },
    }));
    const fleet = fleetOf(hosts);
    const names = async (reference: string) =>
      (await hostsMeant(fleet, reference, async () => new Set())).map(({ fqdn }) => fqdn);
    expect(await names('web1')).toEqual(['web1.example.test']);
    const once = looked;
    expect(once).toBeGreaterThanOrEqual(FLEET.length);
    expect(await names('web2,web1')).toHaveLength(2);
    expect(looked).toBe(once);
  });

  it('is looked up in a moment, whatever pattern it has', async () => {
    const before = process.threadCpuUsage();
    await expect(meant(`${'*e'.repeat(1_900)}z`)).rejects.toMatchObject({ code: 'HOST_NOT_FOUND' });
    expect(process.threadCpuUsage(before).user).toBeLessThan(1_000_000);
  });
});
