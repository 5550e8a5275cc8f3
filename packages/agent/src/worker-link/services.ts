import { ServiceList, ServiceState } from '@linux-patch/contract';
import type { WorkerLink } from './link.ts';

/** What runs on this host, as the worker sees it. */
export interface WorkerServices {
  readonly listServices: (signal: AbortSignal) => Promise<ServiceList>;
  readonly serviceState: (name: string, signal: AbortSignal) => Promise<ServiceState>;
}

export function createWorkerServices(link: WorkerLink): WorkerServices {
  return {
    listServices: (signal) => link.ask({ v: 1, op: 'services' }, ServiceList, { signal }),
    serviceState: (name, signal) => link.ask({ v: 1, op: 'service-state', name }, ServiceState, { signal }),
  };
}
