import type { Host } from '@linux-patch/contract';
import { call } from '../api/call.ts';
import { confirmRestart } from '../words/confirmations.ts';
import { AskJob } from './ask-job.tsx';

/** Restarts a service of a host. */
export function RestartService({ host, name }: { readonly host: Host; readonly name: string }) {
  const parameters = { id: host.id, name };
  return (
    <AskJob
      host={host}
      operation="restart-service"
      does={`Restart ${name}`}
      asks={confirmRestart(host.fqdn, name)}
      wish={name}
      ask={(idempotencyKey) => call('hostServiceRestart', { parameters, idempotencyKey })}
    />
  );
}
