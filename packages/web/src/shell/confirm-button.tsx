import { Alert, Button, Group, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Outcome } from '../session/outcome.tsx';
import type { Act } from '../session/use-act.ts';
import { ActButton } from './act-button.tsx';

/** A button for what cannot be taken back: it first says what will happen, to whom, and is pressed once more. */
export function ConfirmButton<W>({
  label,
  sentence,
  why,
  act,
  wish,
  children,
}: {
  /** What is done, with the name of what it is done to. */
  readonly label: string;
  readonly sentence: string;
  /** Why it cannot be done; undefined when it can. */
  readonly why: string | undefined;
  readonly act: Act<W, unknown>;
  readonly wish: W;
  /** What else has to be chosen. */
  readonly children?: ReactNode;
}) {
  const [isOpen, setOpen] = useState(false);
  if (!isOpen)
    return (
      <ActButton why={why} act={() => setOpen(true)} quiet>
        {label} …
      </ActButton>
    );
  return (
    <Alert color="red" title={`${label}?`}>
      <Text mb="xs">{sentence}</Text>
      {children}
      <Group mt="xs">
        <ActButton why={why} busy={act.busy} act={() => act.start(wish)}>
          {label}
        </ActButton>
        <Button
          variant="default"
          autoFocus
          onClick={() => {
            act.forget();
            setOpen(false);
          }}
        >
          Leave it
        </Button>
      </Group>
      <Outcome of={act} />
    </Alert>
  );
}
