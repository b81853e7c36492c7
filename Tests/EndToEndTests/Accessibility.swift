/// The rules of an accessibility audit that a script can check in a page.
enum Accessibility {
    /// A script that returns a list of findings; empty if all rules hold.
    ///
    /// It checks: the language and title; one `main`, one `h1` and no skipped heading level; names of links, buttons and
    /// fields; captions of tables; unique ids and targets of references; names of landmarks of one kind; no positive tab
    /// index; and the contrast of all visible text, computed as WCAG 2.2 does (4.5, or 3 for large text).
    static let audit = #"""
        const found = [];
        const visible = (e) => { const r = e.getClientRects(); const s = getComputedStyle(e);
          return r.length > 0 && s.visibility !== 'hidden' && s.display !== 'none'; };
        const all = (s) => [...document.querySelectorAll(s)];
        const name = (e) => {
          const by = e.getAttribute('aria-labelledby');
          if (by) return by.split(/\s+/).map((i) => document.getElementById(i)?.textContent ?? '').join(' ').trim();
          if (e.getAttribute('aria-label')) return e.getAttribute('aria-label').trim();
          if (e.labels && e.labels.length) return [...e.labels].map((l) => l.textContent).join(' ').trim();
          return e.matches('input, select') ? '' : e.textContent.trim(); };
        if (document.documentElement.lang !== 'en') found.push('no language');
        if (!document.title.trim()) found.push('no title');
        if (all('main').length !== 1) found.push('there is not one main');
        if (all('h1').length !== 1) found.push('there is not one h1: ' + all('h1').length);
        let level = 0;
        for (const h of all('h1, h2, h3, h4, h5, h6')) {
          const now = Number(h.tagName[1]);
          if (now > level + 1) found.push('skipped heading level before ' + h.textContent);
          if (!h.textContent.trim()) found.push('empty heading');
          level = now; }
        for (const e of all('a, button, summary, input:not([type=hidden]), select, textarea, [role=img]'))
          if (visible(e) && !name(e)) found.push('no name: ' + e.outerHTML.slice(0, 120));
        for (const t of all('table')) {
          if (!t.caption || !t.caption.textContent.trim()) found.push('table without caption');
          if ([...t.querySelectorAll('thead th')].some((h) => h.scope !== 'col')) found.push('header without scope'); }
        const ids = all('[id]').map((e) => e.id);
        for (const i of ids) if (ids.indexOf(i) !== ids.lastIndexOf(i)) found.push('id twice: ' + i);
        for (const e of all('[aria-labelledby], [aria-describedby]'))
          for (const i of ((e.getAttribute('aria-labelledby') ?? '') + ' ' + (e.getAttribute('aria-describedby') ?? '')).trim().split(/\s+/))
            if (!document.getElementById(i)) found.push('reference to nothing: ' + i);
        const navs = all('nav').map(name);
        if (navs.some((n) => !n) || new Set(navs).size !== navs.length) found.push('nav landmarks without distinct names');
        for (const e of all('[tabindex]')) if (e.tabIndex > 0) found.push('positive tabindex');
        for (const e of all('body > *')) if (!e.matches('header, main, footer, a.skip, script')) found.push('outside of landmarks: ' + e.tagName);
        const numbers = (c) => { const m = c.match(/[\d.]+/g).map(Number); return m.length === 3 ? [...m, 1] : m; };
        const lum = ([r, g, b]) => { const f = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
          return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
        const backOf = (e) => { for (let n = e; n; n = n.parentElement) {
            const c = numbers(getComputedStyle(n).backgroundColor); if (c[3] === 1) return c; }
          return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18, 1] : [255, 255, 255, 1]; };
        const seen = new Set();
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
          const e = walker.currentNode.parentElement;
          if (!walker.currentNode.textContent.trim() || !visible(e) || e.closest('.unseen, .skip, script, svg, option')) continue;
          const s = getComputedStyle(e);
          const [a, b] = [lum(numbers(s.color)), lum(backOf(e))];
          const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          const size = parseFloat(s.fontSize);
          const least = size >= 24 || (size >= 18.66 && Number(s.fontWeight) >= 700) ? 3 : 4.5;
          const key = s.color + backOf(e) + least;
          if (ratio < least && !seen.has(key)) { seen.add(key);
            found.push('contrast ' + ratio.toFixed(2) + ' of "' + walker.currentNode.textContent.trim().slice(0, 40) + '" ' + s.color); } }
        // A phone zooms out until a page fits that is too wide, so innerWidth would fit, too.
        const { scrollWidth, clientWidth } = document.documentElement;
        if (scrollWidth > clientWidth + 1) found.push('scrolls sideways: ' + scrollWidth + ' in ' + clientWidth);
        return found;
        """#
}
