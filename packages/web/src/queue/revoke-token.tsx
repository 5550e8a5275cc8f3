import type { JoinToken } from '@linux-patch/contract';
import { call } from '../api/call.ts';
import { useWhyNot } from '../session/session.ts';
import { useAct } from '../session/use-act.ts';
import { ConfirmButton } from '../shell/confirm-button.tsx';
import { confirmRevokeToken } from '../words/confirmations.ts';

/** Takes a join token back. */
export function RevokeToken({ token }: { readonly token: JoinToken }) {
  const mayNot = useWhyNot('tokens:manage');
  const act = useAct((id: string) => call('revokeToken', { parameters: { id } }));
  if (token.state !== 'active') return null;
  return <ConfirmButton asks={confirmRevokeToken(token)} why={mayNot} act={act} wish={token.id} />;
}
