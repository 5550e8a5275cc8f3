import { type PackageLists, PatchError } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import { askListing, askPlan } from './listing.ts';

const LISTS: PackageLists = { status: 'fresh', message: 'ok', refreshed_at: null, sources: [] };

/** An agent that refuses the members of a query that it does not know, as agents do since 1.1. */
function agent(known: readonly string[]) {
  const asked: string[] = [];
  return {
    asked,
    ask: async ({ query, timeoutMs }: { readonly query: URLSearchParams; readonly timeoutMs?: number }) => {
      asked.push(`${query.toString()} ${timeoutMs ?? 'default'}`);
      const faults = [...query.keys()]
        .filter((name) => !known.includes(name))
        .map((name) => ({ path: `query.${name}`, message: 'unknown member' }));
      if (faults.length > 0)
        throw new PatchError('INVALID_REQUEST', 'The request is not valid', { details: { faults } });
      return known.includes('refresh') ? { lists: LISTS } : {};
    },
  };
}

const query = (text: string) => new URLSearchParams(text);

describe('a listing that is asked from a host', () => {
  it('goes through as it is, with time for a refresh', async () => {
    const { asked, ask } = agent(['refresh', 'explain', 'security']);
    await askListing(query('explain=true&security=true'), 'web1', ask);
    await askListing(query('refresh=true'), 'web1', ask);
    expect(asked).toEqual(['explain=true&security=true default', 'refresh=true 125000']);
  });

  it('is asked without explanations where the agent does not know them', async () => {
    const { asked, ask } = agent(['security']);
    await askListing(query('explain=true&security=true'), 'web1', ask);
    expect(asked).toEqual(['explain=true&security=true default', 'security=true default']);
  });

  it('is refused in clear words where the agent cannot refresh, whether it says so or passes it over', async () => {
    const tooOld = {
      code: 'AGENT_ERROR',
      message: expect.stringContaining('agent of web1 is older than 1.2'),
    };
    await expect(askListing(query('refresh=true&explain=true'), 'web1', agent([]).ask)).rejects.toMatchObject(
      tooOld,
    );
    await expect(askListing(query('refresh=true'), 'web1', async () => ({}))).rejects.toMatchObject(tooOld);
  });

  it.each(['NOT_FOUND', 'METHOD_NOT_ALLOWED'])(
    'is refused in clear words where the agent makes no plans and answers %s',
    async (code) => {
      const details = { agent: { code, message: 'no', details: {} } };
      const ask = async () => Promise.reject(new PatchError('AGENT_ERROR', 'refuses', { details }));
      await expect(askPlan(query('refresh=true'), 'web1', ask)).rejects.toMatchObject({
        code: 'AGENT_ERROR',
        message: expect.stringContaining('agent of web1 is too old to plan'),
      });
      const other = new PatchError('AGENT_UNREACHABLE', 'gone');
      await expect(askPlan(query(''), 'web1', async () => Promise.reject(other))).rejects.toBe(other);
    },
  );

  it('passes on every other refusal', async () => {
    const fault = new PatchError('INVALID_REQUEST', 'no', { details: { faults: [{ path: 'query.sort' }] } });
    const ask = async () => Promise.reject(fault);
    await expect(askListing(query('explain=true'), 'web1', ask)).rejects.toBe(fault);
  });
});
