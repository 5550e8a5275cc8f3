import { Button, Text } from '@mantine/core';
import { type ReactNode, useId } from 'react';
import { useLong } from '../words/use-long.ts';

/** A button that acts; one that cannot says why, also to who does not see it. */
export function ActButton({
  children,
  why,
  busy = false,
  act,
  quiet = false,
  danger = false,
  submit = false,
}: {
  readonly children: ReactNode;
  /** Why it cannot be done; undefined when it can. */
  readonly why: string | undefined;
  readonly busy?: boolean;
  readonly act: () => void;
  /** Not the first thing to do here. */
  readonly quiet?: boolean;
  /** What it does cannot be taken back. */
  readonly danger?: boolean;
  /** What Enter in a field of its form does, too. */
  readonly submit?: boolean;
}) {
  const reasonId = useId();
  const isLong = useLong(busy);
  return (
    <div>
      <Button
        type={submit ? 'submit' : 'button'}
        variant={quiet ? 'default' : 'filled'}
        {...(danger ? { color: 'red' } : {})}
        aria-disabled={why !== undefined || busy}
        {...(why !== undefined || busy ? { 'data-disabled': true } : {})}
        {...(why === undefined ? {} : { 'aria-describedby': reasonId })}
        onClick={(event) => {
          event.preventDefault();
          if (why === undefined && !busy) act();
        }}
      >
        {busy ? 'One moment …' : children}
      </Button>
      {isLong ? (
        <Text role="status" size="sm" mt={4}>
          No answer for 10 s yet. What was asked for may still be done.
        </Text>
      ) : null}
      {why === undefined ? null : (
        <Text id={reasonId} size="sm" mt={4}>
          {why}
        </Text>
      )}
    </div>
  );
}
