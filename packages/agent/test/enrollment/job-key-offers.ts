import type { Bundle, HostJobKey, JobKeyOffer } from '@linux-patch/contract';
import {
  generateJobKey,
  jobKeyFingerprint,
  jobPublicKey,
  parseCertificate,
  spkiFingerprint,
  vouchForJobKey,
} from '@linux-patch/pki';
import type { TestAuthority } from '@linux-patch/pki/testing';
import { systemFiles } from '@linux-patch/runtime/node';
import { readPinnedKey } from '@linux-patch/worker';
import { expect } from 'vitest';
import { agentPaths } from '../../src/config/paths.ts';
import type { CurrentManager } from './current-manager.ts';
import type { JoiningHost, JoinSettings } from './joining-host.ts';

/** A job key for which this CA vouches. */
export async function offerBy(authority: TestAuthority): Promise<JobKeyOffer> {
  const key = jobPublicKey(await generateJobKey());
  const { spkiSha256 } = parseCertificate(authority.root.certificatePem);
  return { key, vouchers: [vouchForJobKey(key, authority.root, spkiSha256)], changes: [] };
}

/** Lets the approvals of a manager bring this offer, and what else is said. */
export function bringOffer(
  manager: CurrentManager,
  offer: JobKeyOffer | undefined,
  more: Partial<Bundle> = {},
): void {
  manager.spoil = (bundle) => ({
    ...bundle,
    ...more,
    ...(bundle.ext && offer ? { ext: { ...bundle.ext, job_key: offer } } : {}),
  });
}

/** What a host pins. */
export const pinOf = ({ root }: JoiningHost): Promise<HostJobKey> =>
  readPinnedKey(systemFiles, agentPaths(root).jobKey);

/** The word of root: `--enroll`. */
export function byCommand(manager: CurrentManager): JoinSettings {
  const caFingerprint = spkiFingerprint(manager.authority.root.certificatePem);
  return { managerUrl: new URL(manager.url), mode: 'once', caFingerprint };
}

/** Joins a host with a manager by the word of root, which pins its key. */
export async function joinWithKey(host: JoiningHost, manager: CurrentManager, offer: JobKeyOffer) {
  bringOffer(manager, offer);
  expect(await host.enrol(byCommand(manager)), host.said()).toEqual({ kind: 'installed' });
  const pin: HostJobKey = { pinned: jobKeyFingerprint(offer.key), by: 'root', foreign: null };
  expect(await pinOf(host)).toEqual(pin);
  return { pin, serial: await host.serial() };
}
