import type { Host } from '@linux-patch/contract';
import { Group, NativeSelect, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { confirmCancelReboot, confirmReboot } from '../words/confirmations.ts';
import { AskJob } from './ask-job.tsx';

/** Minutes until it reboots. */
const DELAYS = [
  { value: '0', label: 'at once' },
  { value: '1', label: 'in 1 min' },
  { value: '5', label: 'in 5 min' },
  { value: '15', label: 'in 15 min' },
  { value: '60', label: 'in 1 h' },
];
/** As many as the host is told. */
const REASON_CHARACTERS = 200;

/** Reboots a host, or takes a reboot back that is still to come. */
export function RebootHost({ host }: { readonly host: Host }) {
  const { id, fqdn } = host;
  const parameters = { id };
  const [minutes, setMinutes] = useState('0');
  const [reason, setReason] = useState('');
  const body = {
    delay_seconds: Number(minutes) * 60,
    ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
  };
  return (
    <Group align="start">
      <AskJob
        host={host}
        operation="reboot"
        does={`Reboot ${fqdn}`}
        asks={confirmReboot(fqdn, Number(minutes))}
        wish={JSON.stringify(body)}
        ask={(idempotencyKey) => call('hostReboot', { parameters, body, idempotencyKey })}
      >
        <Stack gap="xs">
          <NativeSelect
            label="When"
            data={DELAYS}
            value={minutes}
            onChange={({ currentTarget: { value } }) => setMinutes(value)}
          />
          <TextInput
            label="Why"
            description="Told to whoever is logged in there; may be left empty."
            maxLength={REASON_CHARACTERS}
            value={reason}
            onChange={({ currentTarget: { value } }) => setReason(value)}
          />
        </Stack>
      </AskJob>
      <AskJob
        host={host}
        operation="reboot"
        does="Cancel a reboot"
        asks={confirmCancelReboot(fqdn)}
        wish="cancel"
        ask={(idempotencyKey) => call('hostCancelReboot', { parameters, idempotencyKey })}
      />
    </Group>
  );
}
