import type { JobKeyOffer, SignedJob } from '@linux-patch/contract';
import {
  type JobSignature,
  jobKeyFingerprint,
  jobPublicKey,
  signJob,
  vouchForJobKey,
} from '@linux-patch/pki';
import { type Clock, createSequence, type Files } from '@linux-patch/runtime';
import type { CaStore } from '../authority/ca-store.ts';
import { livingCas } from '../authority/trust.ts';
import { changeJobKey, makeJobKey, readJobKeyFile, type StoredJobKey } from './stored-key.ts';

/** The key with which this manager signs the changes that it asks of hosts. */
export interface JobKey {
  /** Its name for people. */
  readonly fingerprint: string;
  /** ISO 8601. */
  readonly since: string;
  /** Fingerprints of the keys before it, the oldest first. */
  readonly former: readonly string[];
  /** Whether there is one; before it is made nothing else of this can be asked. */
  readonly isMade: boolean;
  /** What hosts are told of it; every CA that signs now vouches for it. */
  readonly offer: JobKeyOffer;
  sign(job: Omit<SignedJob, 'v' | 'key'>, body: Uint8Array): JobSignature;
  /** Makes one where there is none. Hosts that pin a lost one take nothing that it signs; see `establishJobKey`. */
  make(): Promise<void>;
  /** Another key in its place from now on; of several at once each replaces that of the one before. */
  rotate(): Promise<{ readonly previous: string; readonly fingerprint: string }>;
}

/**
 * Opens the job key that is there; whether one may be made where there is none, the database tells.
 * @throws PatchError `NOT_INITIALIZED` for a file that cannot be read
 */
export async function openJobKey(options: {
  readonly files: Files;
  readonly clock: Clock;
  readonly caFolder: string;
  readonly cas: Pick<CaStore, 'current' | 'next'>;
}): Promise<JobKey> {
  const { files, caFolder, cas } = options;
  let found = await readJobKeyFile(files, caFolder);
  const held = (): StoredJobKey => {
    if (found) return found;
    throw new Error('the job key was used before it was made');
  };
  const vouchers = createVouchers(cas);
  /** Of the last rotation: each signs the key of the one before. */
  const rotations = createSequence();
  return {
    get fingerprint() {
      return fingerprintOf(held());
    },
    get since() {
      return held().since;
    },
    get former() {
      return held().changes.map(({ from }) => jobKeyFingerprint(from));
    },
    get isMade() {
      return found !== undefined;
    },
    get offer() {
      const { private_key, changes } = held();
      const key = jobPublicKey(private_key);
      return { key, vouchers: vouchers(key), changes };
    },
    sign(job, body) {
      const { private_key } = held();
      return signJob(private_key, { v: 1, key: jobPublicKey(private_key), ...job }, body);
    },
    async make() {
      found ??= await makeJobKey(options, caFolder);
    },
    rotate: () =>
      rotations.run(async () => {
        const previous = fingerprintOf(held());
        found = await changeJobKey(options, caFolder, held());
        return { previous, fingerprint: fingerprintOf(held()) };
      }),
  };
}

function fingerprintOf(held: StoredJobKey): string {
  return jobKeyFingerprint(jobPublicKey(held.private_key));
}

/** Signatures of the CAs over a key; made once for each, because anybody may ask for them. */
function createVouchers(cas: Pick<CaStore, 'current' | 'next'>): (key: string) => JobKeyOffer['vouchers'] {
  let made: { readonly of: string; readonly vouchers: JobKeyOffer['vouchers'] } | undefined;
  return (key) => {
    const living = livingCas(cas);
    const of = [key, ...living.map((ca) => ca.rootFacts.spkiSha256)].join(' ');
    if (made?.of !== of)
      made = {
        of,
        vouchers: living.map((ca) => vouchForJobKey(key, ca.root, ca.rootFacts.spkiSha256)),
      };
    return made.vouchers;
  };
}
