import { messageOf } from '@linux-patch/contract';
import { HelloAnswer } from '@linux-patch/worker';
import { openWorkerLink } from '../../worker-link/link.ts';
import type { Finding } from '../finding.ts';
import type { DoctorHost } from './host.ts';

/** Whether the part of the agent that reads packages answers. */
export async function checkWorker({ commands, root, config }: DoctorHost): Promise<Finding[]> {
  using link = openWorkerLink({ commands, root, backend: config.package_manager.backend });
  try {
    await link.ask({ v: 1, op: 'hello' }, HelloAnswer);
    return [];
  } catch (error) {
    return [{ code: 'WORKER_UNAVAILABLE', detail: messageOf(error) }];
  }
}
