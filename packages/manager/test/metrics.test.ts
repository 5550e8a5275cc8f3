import { MANAGER_METRICS } from '@linux-patch/contract';
import { parseExposition } from '@linux-patch/contract/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAgent, newHost, renew, serialOf } from './agents.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

async function scrape() {
  const answer = await world.local({ path: '/metrics' });
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const metrics = parseExposition(answer.text);
  return {
    metrics,
    value: (name: keyof typeof MANAGER_METRICS, labels = '') => metrics.get(name)?.values.get(labels),
  };
}

describe('/metrics', () => {
  it('needs a credential', async () => {
    expect((await world.call({ path: '/metrics' })).status).toBe(401);
  });

  it('of an empty manager says so', async () => {
    const { metrics, value } = await scrape();
    for (const name of metrics.keys()) expect(MANAGER_METRICS).toHaveProperty(name);
    expect(value('linux_patch_manager_hosts')).toBe(0);
    expect(value('linux_patch_manager_certificates', 'state="valid"')).toBe(0);
    expect(value('linux_patch_manager_host_certificate_not_after_timestamp_seconds')).toBeUndefined();
    const root = value('linux_patch_manager_own_certificate_not_after_timestamp_seconds', 'name="root"');
    expect(root).toBeGreaterThan(world.clock.now() / 1000 + 9 * 365 * 86_400);
  });

  it('follows hosts, requests and certificates', async () => {
    const facts = newHost();
    const [waiting, first] = [await newAgent(world), await newAgent(world, { facts })];
    await waiting.register();
    const bundle = await first.join();
    await first.acknowledge(serialOf(bundle.server_crt));
    await renew(world, { certificateChainPem: bundle.server_crt, keyPem: first.keyPem });
    const again = await newAgent(world, { facts });
    await again.register();
    await again.approve({ code: again.code, replace: true });
    await again.acknowledge(serialOf((await again.poll()).json().server_crt));
    await world.advance(90_000);

    const { value } = await scrape();
    expect(value('linux_patch_manager_hosts')).toBe(1);
    expect(value('linux_patch_manager_enrollments', 'state="pending"')).toBe(1);
    expect(value('linux_patch_manager_enrollments', 'state="installed"')).toBe(2);
    expect(value('linux_patch_manager_oldest_pending_enrollment_seconds')).toBe(90);
    expect(value('linux_patch_manager_certificates', 'state="valid"')).toBe(1);
    expect(value('linux_patch_manager_certificates', 'state="revoked"')).toBe(2);
    expect(value('linux_patch_manager_host_certificate_not_after_timestamp_seconds')).toBeGreaterThan(
      world.clock.now() / 1000 + 300 * 86_400,
    );
    expect(value('linux_patch_manager_audit_events_total', 'event="certificate_renewed"')).toBe(1);
    expect(
      value(
        'linux_patch_manager_http_requests_total',
        'method="POST",route="/api/v1/enroll",status_class="2xx"',
      ),
    ).toBe(3);
  });

  it('counts held polls while they are held', async () => {
    const agent = await newAgent(world);
    await agent.register();
    const hangUp = new AbortController();
    const held = agent.poll({ waitS: 50, signal: hangUp.signal }).catch(() => undefined);
    await world.clock.waitForSleepers(2);
    expect((await scrape()).value('linux_patch_manager_polls_held')).toBe(1);
    hangUp.abort();
    await held;
  });

  it('counts refusals by code and never shows a token that is part of a path', async () => {
    const token = 'T0k3n'.repeat(13).slice(0, 64);
    await world.call({ path: `/api/v1/enroll/status/${token}` });
    await world.call({ path: '/nowhere' });
    const { metrics, value } = await scrape();
    expect(value('linux_patch_manager_requests_refused_total', 'code="UNAUTHORIZED"')).toBe(1);
    expect(value('linux_patch_manager_requests_refused_total', 'code="NOT_FOUND"')).toBe(1);
    const routes = [...(metrics.get('linux_patch_manager_http_requests_total')?.values.keys() ?? [])];
    expect(routes).toContain('method="GET",route="/api/v1/enroll/status/{token}",status_class="2xx"');
    expect(routes.join('\n')).not.toContain(token);
  });
});
