extension Asset {
    /// The script of the pages. Pages are complete without it: it only loads the parts of a page again when an event
    /// arrives, and keeps the reader's place.
    static let program = #"""
        (() => {
          'use strict';
          const status = document.getElementById('live');
          if (!status || !window.EventSource) return;
          // A page that takes long is loaded less often, so that open pages never fill the daemon's time.
          let pause = 1000;
          const idle = 30000;
          let loading = false;
          let wanted = false;
          let timer = 0;
          let last = 0;

          const say = (text, state) => {
            status.dataset.state = state;
            if (status.textContent !== text) status.textContent = text;
          };

          const place = (part) => {
            const held = part.contains(document.activeElement) ? document.activeElement : null;
            if (!held) return null;
            if (held.matches('input, select, textarea, button')) return { keep: true };
            if (held.id) return { selector: '#' + CSS.escape(held.id) };
            const href = held.getAttribute('href');
            if (href) return { selector: 'a[href="' + CSS.escape(href) + '"]' };
            if (held.matches('summary')) {
              return { selector: '#' + CSS.escape(held.parentElement.id) + ' > summary' };
            }
            return {};
          };

          const replace = (part, fresh) => {
            if (part.innerHTML === fresh.innerHTML) return;
            const focus = place(part);
            if (focus && focus.keep) return;
            const open = [...part.querySelectorAll('details[open][id]')].map((element) => element.id);
            if (open.some((id) => id.startsWith('release-') || id.startsWith('approve-'))) return;
            part.replaceChildren(...document.importNode(fresh, true).childNodes);
            for (const id of open) {
              const element = document.getElementById(id);
              if (element) element.open = true;
            }
            if (focus && focus.selector) {
              const again = part.querySelector(focus.selector);
              if (again) again.focus({ preventScroll: true });
            }
          };

          const load = async () => {
            if (loading) { wanted = true; return; }
            loading = true;
            wanted = false;
            const begin = Date.now();
            try {
              const answer = await fetch(location.href, { headers: { Accept: 'text/html' }, redirect: 'manual' });
              if (answer.type === 'opaqueredirect' || answer.status === 401) {
                say('You are signed out. Reload the page to sign in.', 'off');
                source.close();
                return;
              }
              if (answer.ok) {
                const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
                for (const part of document.querySelectorAll('[data-live][id]')) {
                  const fresh = page.getElementById(part.id);
                  if (fresh) replace(part, fresh);
                }
                last = Date.now();
                pause = Math.max(1000, 10 * (last - begin));
                say('Live: this page follows every change.', 'on');
              }
            } catch {
              say('The connection is lost. Trying again…', 'wait');
            } finally {
              loading = false;
              if (wanted) plan();
            }
          };

          const plan = () => {
            if (timer) return;
            timer = setTimeout(() => { timer = 0; load(); }, Math.max(50, last + pause - Date.now()));
          };

          const source = new EventSource('/live');
          source.addEventListener('open', () => { say('Live: this page follows every change.', 'on'); plan(); });
          source.addEventListener('message', plan);
          source.addEventListener('error', () => {
            if (source.readyState === EventSource.CLOSED) {
              say('This page no longer follows changes. Reload it to go on.', 'off');
            } else {
              say('The connection is lost. Trying again…', 'wait');
            }
          });
          setInterval(() => { if (!document.hidden && source.readyState === EventSource.OPEN) plan(); }, idle);
        })();

        """#
}
