import { once } from 'node:events';
import { connect } from 'node:net';
import { AGENT_METRICS, VERSION } from '@linux-patch/contract';
import { parseExposition } from '@linux-patch/contract/testing';
import { systemClock } from '@linux-patch/runtime/node';
import { afterEach, describe, expect, it } from 'vitest';
import { countedAudit, createAgentCounters } from '../../src/metrics/counters.ts';
import { call, startWorld, type World, type WorldOptions } from './world.ts';

let world: World | undefined;
afterEach(() => world?.[Symbol.asyncDispose]());

async function start(options?: WorldOptions): Promise<World> {
  world = await startWorld(options);
  return world;
}

async function scrape(from: World) {
  const answer = await call(from, '/metrics');
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parseExposition(answer.text);
}

describe('/metrics', () => {
  it('shows identity, revocation list, checks, jobs and the process, each as its table says', async () => {
    const metrics = await scrape(await start());
    for (const [name, { type, help }] of metrics) {
      expect(AGENT_METRICS).toHaveProperty(name);
      expect({ type, help }).toEqual({
        type: AGENT_METRICS[name as keyof typeof AGENT_METRICS].type,
        help: AGENT_METRICS[name as keyof typeof AGENT_METRICS].help,
      });
    }
    const value = (name: keyof typeof AGENT_METRICS, labels = '') => metrics.get(name)?.values.get(labels);
    const remaining = value('linux_patch_agent_identity_remaining_seconds');
    expect(remaining).toBeGreaterThan(86_000);
    expect(remaining).toBeLessThanOrEqual(86_400);
    expect(value('linux_patch_agent_identity_info', 'trust="code",key_origin="host"')).toBe(1);
    expect(value('linux_patch_agent_crl_status', 'status="missing"')).toBe(1);
    expect(value('linux_patch_agent_crl_age_seconds')).toBeUndefined();
    expect(value('linux_patch_agent_enrollment_state', 'state="none"')).toBe(1);
    expect(value('linux_patch_agent_enrollment_state', 'state="waiting"')).toBe(0);
    expect(value('linux_patch_agent_healthy')).toBe(1);
    expect(value('linux_patch_agent_check_ok', 'check="certificates"')).toBe(1);
    expect(value('linux_patch_agent_jobs', 'status="running"')).toBe(0);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(10e6);
    const build = [...(metrics.get('linux_patch_agent_build_info')?.values.keys() ?? [])];
    expect(build).toEqual([`version="${VERSION}",node_version="${process.versions.node}"`]);
  });

  it('counts answers by route and class, whatever paths and methods callers make up', async () => {
    const agent = await start();
    for (const path of ['/api/v1/packages', '/api/v1/jobs/a', '/api/v1/jobs/b', '/made-up"path', '/x\\y'])
      await call(agent, path);
    await call(agent, '/api/v1/packages', { method: 'PROPFIND' });
    const requests = (await scrape(agent)).get('linux_patch_agent_http_requests_total');
    expect(Object.fromEntries(requests?.values ?? [])).toEqual({
      'method="GET",route="/api/v1/packages",status_class="2xx"': 1,
      'method="GET",route="/api/v1/jobs/{id}",status_class="4xx"': 2,
      'method="GET",route="none",status_class="4xx"': 2,
      'method="other",route="/api/v1/packages",status_class="4xx"': 1,
    });
  });

  it('counts refused connections by reason, also those that the audit log leaves out', async () => {
    const agent = await start({ server: { isAllowedAddress: (address) => address !== '127.0.0.9' } });
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const stranger = connect({ host: '127.0.0.1', port: agent.server.port, localAddress: '127.0.0.9' });
      stranger.on('error', () => {});
      await once(stranger, 'close');
    }
    await call(agent, '/health', { identity: agent.agent }).catch(() => undefined);
    const refused = (await scrape(agent)).get('linux_patch_agent_connections_refused_total');
    expect(Object.fromEntries(refused?.values ?? [])).toMatchObject({ 'reason="AUTHZ_IP_DENIED"': 12 });
    expect([...(refused?.values.keys() ?? [])]).toHaveLength(2);
  });

  it('is for those who may call the API, like everything else', async () => {
    const agent = await start();
    await expect(call(agent, '/metrics', { identity: agent.agent })).rejects.toThrow();
    expect((await call(agent, '/metrics', { method: 'POST' })).status).toBe(405);
  });
});

describe('what is counted', () => {
  it('follows the audit log: renewals, and how many failed in a row', () => {
    const counters = createAgentCounters(systemClock);
    const audit = countedAudit(
      { record: () => {}, flush: async () => {}, [Symbol.asyncDispose]: async () => {} },
      counters,
    );
    for (const event of ['identity_renewal_failed', 'identity_renewed', 'identity_renewal_failed'] as const)
      audit.record(event);
    audit.record('identity_renewal_failed');
    expect(counters.renewalFailing).toBe(2);
    expect(counters.renewals()).toEqual([
      { labels: { result: 'done' }, value: 1 },
      { labels: { result: 'failed' }, value: 3 },
    ]);
    expect(counters.events()).toContainEqual({ labels: { event: 'identity_renewed' }, value: 1 });
  });
});
