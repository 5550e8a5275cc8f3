import type { Database } from '../database/open.ts';
import { beyondThree } from './lineage.ts';
import { type Recorder, revokeCertificate } from './revoke.ts';

/** Revokes what a host has too many of after another certificate was issued to it; give the same transaction. */
export async function keepThree(recorder: Recorder, db: Database, hostId: string): Promise<void> {
  for (const serial of await beyondThree(db, hostId, recorder.clock.now())) {
    await revokeCertificate(
      recorder,
      db,
      { serial, host_id: hostId },
      { reason: 'superseded', actor: 'manager' },
    );
  }
}
