import { Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { sessionQuery } from '../session/session.ts';
import type { Confirmation } from '../words/confirmations.ts';
import { ActButton } from './act-button.tsx';

/**
 * Asks once more, and says what happens, to whom, and whether it can be taken back. The rest of the page waits meanwhile; Escape leaves it, and what
 * had the focus before has it again.
 */
export function Confirm({
  asks: { title, happens, undo, yes },
  why,
  busy,
  act,
  back,
  children,
}: {
  readonly asks: Confirmation;
  /** Why it cannot be done any more; undefined when it can. */
  readonly why?: string | undefined;
  readonly busy: boolean;
  readonly act: () => void;
  readonly back: () => void;
  /** What else has to be chosen, and what came of it. */
  readonly children?: ReactNode;
}) {
  const place = useRef<HTMLDialogElement>(null);
  const id = useId();
  // When the session ends, the sign-in must not wait for what is behind it.
  const isSignedIn = Boolean(useQuery(sessionQuery).data);
  // Before it is taken away: what is closed gives the focus back.
  useLayoutEffect(() => {
    const dialog = place.current;
    if (!dialog || !isSignedIn) return undefined;
    dialog.showModal();
    dialog.focus();
    return () => dialog.close();
  }, [isSignedIn]);
  const leave = (): void => {
    if (!busy) back();
  };
  return (
    <dialog
      ref={place}
      className="confirm"
      role="alertdialog"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-happens`}
      tabIndex={-1}
      onCancel={(event) => {
        event.preventDefault();
        leave();
      }}
      onClose={() => {
        // Browsers close it all the same when Escape is pressed again and again; of what was closed and opened again it is told late.
        if (!isSignedIn || place.current?.open) return;
        if (busy) place.current?.showModal();
        else back();
      }}
    >
      <Stack gap="sm">
        <Title order={2} size="h4" id={`${id}-title`}>
          {title}
        </Title>
        <div id={`${id}-happens`}>
          {[...happens, undo ?? 'This cannot be taken back.'].map((one) => (
            <Text key={one} mb="xs">
              {one}
            </Text>
          ))}
        </div>
        {children}
        <Group align="start">
          <ActButton why={busy ? 'It is under way.' : undefined} act={back} quiet>
            Leave it
          </ActButton>
          <ActButton why={why} busy={busy} act={act} danger={undo === null}>
            {yes}
          </ActButton>
        </Group>
      </Stack>
    </dialog>
  );
}
