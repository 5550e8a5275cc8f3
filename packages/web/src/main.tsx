import '@mantine/core/styles.css';
import './shell/page.css';
import { createTheme, MantineProvider } from '@mantine/core';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { CallFailure, failureOf, isUnreachable } from './api/call-failure.ts';
import { pollMs } from './live/polling.ts';
import { router } from './router.tsx';
import { keepReturned } from './session/provider.ts';
import { end } from './session/session.ts';

function isOver(error: unknown): boolean {
  return error instanceof CallFailure && error.code === 'UNAUTHORIZED';
}

function onError(error: unknown): void {
  if (isOver(error)) end(client);
}

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      // What was waited for in vain has taken long enough.
      retry: (failures, error) => isUnreachable(error) && failureOf(error).code !== 'SILENT' && failures < 2,
      staleTime: 5_000,
      refetchInterval: (query) => pollMs(client, query),
    },
  },
});

const place = document.getElementById('page');
if (!place) throw new Error('the document has no place for the page');
keepReturned();
createRoot(place).render(
  <StrictMode>
    {/* Style elements would need a policy that lets them in; the variables are those of the style sheet. */}
    <MantineProvider
      theme={createTheme({ respectReducedMotion: true })}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
