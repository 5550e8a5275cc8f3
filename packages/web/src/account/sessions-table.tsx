import type { Session } from '@linux-patch/contract';
import { Outcome } from '../session/outcome.tsx';
import type { Act } from '../session/use-act.ts';
import { ActButton } from '../shell/act-button.tsx';
import { Ends } from '../words/ends.tsx';
import { Listing, Row } from '../words/listing.tsx';
import { Said } from '../words/said.tsx';
import { When } from '../words/when.tsx';

/** Where somebody is signed in, each with what ends it. */
export function SessionsTable({
  sessions,
  why,
  act,
}: {
  readonly sessions: readonly Session[];
  /** Why they cannot be ended; undefined when they can. */
  readonly why: string | undefined;
  /** Ends the session of this id, or without one all but the own. */
  readonly act: Act<string | undefined, unknown>;
}) {
  return (
    <>
      <Listing
        caption="Sessions, newest first"
        columns={['Browser', 'From', 'Began', 'Used', 'Ends', 'Change']}
      >
        {sessions.map(({ id, client, address, created_at: began, seen_at: seen, ends_at: ends, current }) => (
          <Row
            key={id}
            cells={[
              client === '' ? 'not said' : <Said key="client" text={client} />,
              address,
              <When key="began" at={began} />,
              <When key="seen" at={seen} />,
              <Ends key="ends" at={ends} />,
              current ? (
                'this one'
              ) : (
                <ActButton key="end" why={why} busy={act.busy} act={() => act.start(id)} quiet>
                  End the session from {address}
                </ActButton>
              ),
            ]}
          />
        ))}
      </Listing>
      {sessions.some(({ current }) => !current) ? (
        <ActButton why={why} busy={act.busy} act={() => act.start(undefined)} quiet>
          End all of them{sessions.some(({ current }) => current) ? ' but this one' : ''}
        </ActButton>
      ) : null}
      <Outcome of={act} />
    </>
  );
}
