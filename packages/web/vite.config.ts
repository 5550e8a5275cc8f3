import {
  GUARDED_PERMISSIONS,
  MANAGER_ADMIN_ROUTES,
  MANAGER_AUDIT_EVENTS,
  MANAGER_PUBLIC_ROUTES,
  PERMISSIONS,
  REQUEST_HEADER,
  ROLES,
  rolesWith,
} from '@linux-patch/contract';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const { signIn, passkeyChallenge, signInWithPasskey, oidcOffer, beginOidc, signInWithOidc, setUp } =
  MANAGER_PUBLIC_ROUTES;
/** Those of anybody that it calls. */
const OPEN = { signIn, passkeyChallenge, signInWithPasskey, oidcOffer, beginOidc, signInWithOidc, setUp };

/** What the page needs of the contract when it runs; the schemas stay out of it. */
const CONTRACT = {
  requestHeader: REQUEST_HEADER,
  routes: Object.fromEntries(
    Object.values({ ...OPEN, ...MANAGER_ADMIN_ROUTES }).map(({ id, method, path }) => [id, { method, path }]),
  ),
};

/** What each event of the audit log says. */
const AUDIT_EVENTS = Object.fromEntries(
  Object.entries(MANAGER_AUDIT_EVENTS).map(([name, { meaning }]) => [name, meaning]),
);

/** What each role may do. */
const ROLE_MEANINGS = Object.fromEntries(Object.entries(ROLES).map(([name, { meaning }]) => [name, meaning]));

/** What lets somebody in, and which roles have it. */
const GUARDED = Object.fromEntries(
  GUARDED_PERMISSIONS.map((name) => [name, { meaning: PERMISSIONS[name], roles: rolesWith(name) }]),
);

/** The manager over which `npm run dev` serves the page. */
const manager = process.env.LINUX_PATCH_MANAGER;

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../../.cache/vite',
  plugins: [react()],
  define: {
    __CONTRACT__: JSON.stringify(CONTRACT),
    __AUDIT_EVENTS__: JSON.stringify(AUDIT_EVENTS),
    __GUARDED__: JSON.stringify(GUARDED),
    __ROLES__: JSON.stringify(ROLE_MEANINGS),
  },
  build: {
    target: 'es2023',
    modulePreload: { polyfill: false },
    // A file that is written into another one is none that the page may load.
    assetsInlineLimit: 0,
    emptyOutDir: true,
    reportCompressedSize: false,
  },
  server: {
    host: '127.0.0.1',
    ...(manager === undefined
      ? {}
      : {
          proxy: {
            '/api': {
              target: manager,
              changeOrigin: true,
              // The demo's own CA, on loopback.
              secure: false,
              configure: (proxy) => {
                proxy.on('proxyReq', (request) => {
                  if (request.hasHeader('origin')) request.setHeader('origin', manager);
                });
              },
            },
          },
        }),
  },
});
