import type { ServiceNotifier } from '@linux-patch/runtime';

/** A service manager that does not listen; what troubles the agent is kept. */
export function silentNotifier(): ServiceNotifier & { readonly troubles: (string | undefined)[] } {
  const troubles: (string | undefined)[] = [];
  return {
    troubles,
    ready: async () => {},
    status: async () => {},
    stopping: async () => {},
    alive: async () => {},
    trouble: async (_matter, line) => void troubles.push(line),
  };
}
