import { useQuery } from '@tanstack/react-query';
import { Outlet, useLocation } from '@tanstack/react-router';
import { useCallback, useRef, useState } from 'react';
import { failureOf } from '../api/call-failure.ts';
import { useLive } from '../live/use-live.ts';
import { RETURN_PATH } from '../session/provider.ts';
import { sessionQuery } from '../session/session.ts';
import { SetUp } from '../session/set-up.tsx';
import { SignIn } from '../session/sign-in.tsx';
import { SignInReturn } from '../session/sign-in-return.tsx';
import { Failed } from '../states/failed.tsx';
import { Loading } from '../states/loading.tsx';
import { Away } from './away.tsx';
import { ClockRemark } from './clock-remark.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { useKeys } from './keys.ts';
import { KeysHelp } from './keys-help.tsx';
import { Side } from './side.tsx';
import { VersionRemark } from './version-remark.tsx';

/** The frame of every screen. When a session ends, its screen stays behind the sign-in, with what was typed in it. */
export function Shell() {
  const session = useQuery(sessionQuery);
  const wasIn = useRef(false);
  const { pathname, hash } = useLocation();
  const [hasHelp, setHelp] = useState(false);
  const showKeys = useCallback(() => setHelp(true), []);
  useKeys(showKeys);
  useLive();
  // Not of the router, which may show a screen anew: what came back is brought once.
  if (pathname === RETURN_PATH)
    return (
      <ErrorBoundary key={pathname}>
        <SignInReturn />
      </ErrorBoundary>
    );
  if (session.data) wasIn.current = true;
  if (session.isPending) return <Loading what="your session" />;
  if (session.error && !session.data)
    return <Failed failure={failureOf(session.error)} retry={() => void session.refetch()} />;
  const isFirst = pathname === '/setup' && hash !== '' && !wasIn.current;
  return (
    <>
      {session.data ? null : isFirst ? <SetUp secret={hash} /> : <SignIn again={wasIn.current} />}
      {wasIn.current ? (
        <div className="shell" hidden={!session.data}>
          <a className="skip" href="#content">
            Skip to the content
          </a>
          <Side showKeys={showKeys} />
          {hasHelp && session.data ? <KeysHelp close={() => setHelp(false)} /> : null}
          <main className="shell-main" id="content" tabIndex={-1}>
            <ClockRemark />
            <Away />
            {session.data ? <VersionRemark /> : null}
            <ErrorBoundary key={pathname}>
              <Outlet />
            </ErrorBoundary>
          </main>
        </div>
      ) : null}
    </>
  );
}
