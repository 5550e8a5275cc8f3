import { Alert, Group, Stack } from '@mantine/core';
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';
import { ActButton } from './act-button.tsx';

/** Asks once more before something that cannot be taken back; what it is about is named by the caller. */
export function Confirm({
  title,
  children,
  yes,
  why,
  busy,
  act,
  back,
}: {
  /** A question that names the hosts. */
  readonly title: string;
  readonly children: ReactNode;
  /** On the button that does it. */
  readonly yes: string;
  /** Why it cannot be done any more; undefined when it can. */
  readonly why?: string | undefined;
  readonly busy: boolean;
  readonly act: () => void;
  readonly back: () => void;
}) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), []);
  const leave = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && !busy) back();
  };
  return (
    <Alert
      ref={place}
      color="yellow"
      title={title}
      role="alertdialog"
      aria-label={title}
      tabIndex={-1}
      onKeyDown={leave}
    >
      <Stack gap="sm">
        {children}
        <Group align="start">
          <ActButton why={why} busy={busy} act={act}>
            {yes}
          </ActButton>
          <ActButton why={busy ? 'It is under way.' : undefined} act={back} quiet>
            Back
          </ActButton>
        </Group>
      </Stack>
    </Alert>
  );
}
