import { admitJob, type GovernedBy } from '@linux-patch/worker';
import type { JobQueue } from './queue.ts';

/** The same queue, which takes no job that the policy of the host forbids by what is known of it when it is asked for. */
export function governQueue(queue: JobQueue, governed: GovernedBy): JobQueue {
  return {
    events: queue.events,
    async submit(request, named, signedBy) {
      // What was accepted is what it was then, whatever the policy has become.
      if (!named || !(await queue.findNamed(named))) await admitJob(request, governed);
      return queue.submit(request, named, signedBy);
    },
    findNamed: (named) => queue.findNamed(named),
    list: () => queue.list(),
    find: (id) => queue.find(id),
    get: (id) => queue.get(id),
    cancelOrDelete: (id) => queue.cancelOrDelete(id),
    health: () => queue.health(),
    [Symbol.asyncDispose]: () => queue[Symbol.asyncDispose](),
  };
}
