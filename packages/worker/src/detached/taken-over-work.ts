import type { DetachedWork } from './work.ts';

/**
 * Work that an earlier release began in a folder which belongs to somebody else since then. That is looked at and followed
 * there; nothing is written, begun or removed there any more, whatever is found.
 * @param own where the worker alone writes
 * @param earlier reads plain files only
 */
export function createTakenOverWork(own: DetachedWork, earlier: DetachedWork): DetachedWork {
  return {
    of(jobId) {
      const [here, there] = [own.of(jobId), earlier.of(jobId)];
      const known = async () => ((await here.plan()) ? here : there);
      return {
        begin: (plan) => here.begin(plan),
        withdraw: () => here.withdraw(),
        run: (command) => here.run(command),
        plan: async () => (await known()).plan(),
        follow: async (command) => (await known()).follow(command),
      };
    },
    async stateOf(jobId) {
      const state = await own.stateOf(jobId);
      if (state !== 'not_begun') return state;
      // It had begun, so what tells of it was taken away.
      return (await earlier.stateOf(jobId)) === 'under_way' ? 'under_way' : 'lost';
    },
    forget: (jobId) => own.forget(jobId),
  };
}
