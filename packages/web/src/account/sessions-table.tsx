import type { Session } from '@linux-patch/contract';
import { ActButton } from '../shell/act-button.tsx';
import { Ends } from '../words/ends.tsx';
import { Listing, Row } from '../words/listing.tsx';
import { Said } from '../words/said.tsx';
import { saidText } from '../words/said-text.ts';
import { When } from '../words/when.tsx';
import { browserOf } from './browser-of.ts';

/** Where somebody is signed in, each with what ends it. */
export function SessionsTable({
  sessions,
  why,
  busy,
  end,
}: {
  readonly sessions: readonly Session[];
  /** Why they cannot be ended; undefined when they can. */
  readonly why: string | undefined;
  readonly busy: boolean;
  /** Called with the session that is to end, or without one for all but the own. */
  readonly end: (session?: Session) => void;
}) {
  return (
    <>
      <Listing
        caption="Sessions, newest first"
        columns={['Browser', 'From', 'Began', 'Used', 'Ends', 'Change']}
      >
        {sessions.map((one) => (
          <Row
            key={one.id}
            cells={[
              one.client === '' ? (
                'not said'
              ) : (
                <span key="client" title={saidText(one.client)}>
                  <Said text={browserOf(one.client) ?? one.client} />
                </span>
              ),
              one.address,
              <When key="began" at={one.created_at} />,
              <When key="seen" at={one.seen_at} />,
              <Ends key="ends" at={one.ends_at} />,
              one.current ? (
                'this one'
              ) : (
                <ActButton key="end" why={why} busy={busy} act={() => end(one)} quiet>
                  End the session from {one.address}
                </ActButton>
              ),
            ]}
          />
        ))}
      </Listing>
      {sessions.some(({ current }) => !current) ? (
        <ActButton why={why} busy={busy} act={() => end()} quiet>
          End all of them{sessions.some(({ current }) => current) ? ' but this one' : ''}
        </ActButton>
      ) : null}
    </>
  );
}
