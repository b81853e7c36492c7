extension Asset {
    /// The style sheet of the pages, with a light and a dark palette.
    static let stylesheet = palette + frame + content + controls + narrow

    private static let palette = """
        :root {
          color-scheme: light dark;
          --back: #f6f7f9; --card: #ffffff; --text: #1b2430; --muted: #566273; --line: #dde2e9; --link: #175a86;
          --accent: #1d5f8a; --on-accent: #ffffff; --soft: #e8f0f6;
          --good: #17683c; --good-soft: #e3f3e9; --busy: #175a86; --busy-soft: #e4eff7;
          --warning: #7d4f00; --warning-soft: #fcf1d9; --bad: #a52626; --bad-soft: #fbe8e8;
          --quiet: #4f5b6b; --quiet-soft: #eceff3; --claimed: #6a3d9a; --claimed-soft: #f0e8f8; --mark: #ffffff;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --back: #12161c; --card: #1a2028; --text: #e6eaf0; --muted: #a3afbf; --line: #323b47; --link: #86c1ea;
            --accent: #86c1ea; --on-accent: #0c1a26; --soft: #1f2d3a;
            --good: #7fd6a1; --good-soft: #17301f; --busy: #86c1ea; --busy-soft: #182b3a;
            --warning: #f0c05a; --warning-soft: #362a10; --bad: #ff9d9d; --bad-soft: #3d1c1e;
            --quiet: #b4bfcd; --quiet-soft: #28303a; --claimed: #cfb0f2; --claimed-soft: #2c2140; --mark: #12161c;
          }
        }

        """

    private static let frame = """
        *, *::before, *::after { box-sizing: border-box; }
        html { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
        body { margin: 0; background: var(--back); color: var(--text); overflow-wrap: break-word; }
        a { color: var(--link); text-underline-offset: .15em; }
        h1 { font-size: 1.6rem; line-height: 1.2; margin: 0; letter-spacing: -.01em; }
        h2 { font-size: 1.1rem; margin: 0 0 .75rem; }
        time { white-space: nowrap; }
        h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; }
        p { margin: 0 0 .5rem; }
        code, pre { font-family: ui-monospace, "SF Mono", "Liberation Mono", Menlo, monospace; font-size: .875em; }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
        main:focus { outline: none; }
        .unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
        .skip { position: absolute; left: 1rem; top: -4rem; background: var(--card); padding: .5rem 1rem; border-radius: 6px; z-index: 2; }
        .skip:focus { top: 1rem; }
        .top { background: var(--card); border-bottom: 1px solid var(--line); }
        .bar { max-width: 76rem; margin: 0 auto; padding: .6rem 1.25rem; display: flex; align-items: center; gap: 1.5rem; flex-wrap: wrap; }
        .brand { display: flex; align-items: center; gap: .6rem; font-weight: 700; font-size: 1.1rem; color: var(--text); text-decoration: none; }
        .logo .back { fill: #1d5f8a; } .logo .post { fill: #fff; } .logo .lit { fill: #ffc46b; }
        .bar nav ul { display: flex; gap: .25rem; list-style: none; margin: 0; padding: 0; }
        .bar nav a { display: block; padding: .4rem .8rem; border-radius: 6px; color: var(--muted); text-decoration: none; font-weight: 500; }
        .bar nav a:hover { background: var(--soft); color: var(--text); }
        .bar nav a[aria-current] { background: var(--soft); color: var(--text); box-shadow: inset 0 -2px 0 var(--accent); }
        .who { margin-left: auto; display: flex; align-items: center; gap: .6rem; font-size: .9rem; }
        .who .name { font-weight: 600; max-width: 16rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
        .who .role { color: var(--muted); }
        .who .id { display: grid; line-height: 1.25; text-align: right; }
        .who button { background: none; color: var(--link); border: 1px solid var(--line); padding: .25rem .7rem; font-weight: 500; }
        main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
        footer { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem 2rem; }
        .live { display: inline-flex; align-items: center; gap: .5rem; font-size: .875rem; color: var(--muted); }
        .live::before { content: ""; width: .6rem; height: .6rem; border-radius: 50%; border: 2px solid var(--muted); }
        .live[data-state="on"]::before { background: var(--good); border-color: var(--good); }
        .live[data-state="off"]::before { border-radius: 0; border-color: var(--bad); }

        """

    private static let content = """
        .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem; margin: 0 0 1.25rem; }
        .card.narrow { max-width: 30rem; margin: 3rem auto; padding: 1.75rem; }
        .card.narrow h1 { margin-bottom: 1rem; }
        .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 0 1.25rem; }
        .title { display: flex; align-items: center; gap: .9rem; flex-wrap: wrap; }
        .title h2 { margin: 0; }
        .crumbs { color: var(--muted); font-size: .9rem; margin-bottom: .4rem; }
        .lead, .muted, .under, .when, .detail, .empty, .hint { color: var(--muted); }
        .lead { margin: .35rem 0 1.25rem; }
        .under { display: block; font-size: .85rem; font-weight: 400; }
        .empty { padding: .5rem 0; margin: 0; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; margin: 1.1rem 0 1.25rem; }
        .tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .75rem 1rem; }
        .tile dt { color: var(--muted); font-size: .875rem; }
        .tile dd { margin: 0; }
        .tile .value { font-size: 1.6rem; font-weight: 650; line-height: 1.25; font-variant-numeric: tabular-nums; }
        .tile .detail { font-size: .85rem; }
        table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
        #pools table { background: var(--card); border: 1px solid var(--line); border-radius: 10px; border-spacing: 0; border-collapse: separate; }
        #pools td, #pools th { padding-left: 1rem; padding-right: 1rem; }
        th, td { text-align: left; vertical-align: top; padding: .6rem .75rem .6rem 0; border-bottom: 1px solid var(--line); }
        thead th { color: var(--muted); font-size: .8125rem; font-weight: 600; white-space: nowrap; }
        tbody th { font-weight: 600; white-space: nowrap; }
        #pools tbody th { white-space: normal; }
        tbody tr:last-child > * { border-bottom: 0; }
        tbody tr:hover > * { background: var(--soft); }
        .long, .facts dd, code { overflow-wrap: anywhere; }
        td.long { min-width: 12rem; }
        td.name { min-width: 5rem; }
        .number { text-align: right; font-variant-numeric: tabular-nums; }
        .badge { display: inline-flex; align-items: center; gap: .4rem; padding: .12rem .6rem .12rem .4rem; border-radius: 99px; font-size: .8125rem; font-weight: 600; white-space: nowrap; }
        .icon { flex: none; fill: currentColor; }
        .icon .mark { fill: none; stroke: var(--mark); stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
        .icon .ring, .icon .line { fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; }
        .badge.good { color: var(--good); background: var(--good-soft); }
        .badge.busy { color: var(--busy); background: var(--busy-soft); }
        .badge.warning { color: var(--warning); background: var(--warning-soft); }
        .badge.bad { color: var(--bad); background: var(--bad-soft); }
        .badge.quiet { color: var(--quiet); background: var(--quiet-soft); }
        .badge.claimed { color: var(--claimed); background: var(--claimed-soft); }
        .under.cause { max-width: 22rem; overflow-wrap: anywhere; }
        .dots { display: block; margin-top: .3rem; }
        .dots .full { fill: var(--good); }
        .dots .open { fill: none; stroke: var(--muted); stroke-width: 1.2; }
        .dots .half { fill: var(--busy); }
        .story { margin: 0; padding-left: 1.1rem; }
        .story li { margin-bottom: .35rem; }
        .fields { display: flex; flex-wrap: wrap; gap: .2rem 1.5rem; list-style: none; margin: 0; padding: 0; }
        .facts { margin: 0; }
        .facts div { display: grid; grid-template-columns: 9rem 1fr; gap: .75rem; padding: .3rem 0; }
        .facts dt { color: var(--muted); }
        .facts dd { margin: 0; }
        .plot { margin: 0; }
        .plot .frame { position: relative; border-bottom: 1px solid var(--line); }
        .plot .frame svg { display: block; width: 100%; height: 10rem; }
        .plot .scale { position: absolute; left: 0; top: -.2rem; font-size: .75rem; color: var(--muted); background: var(--card); padding: 0 .3rem; }
        .plot .ready { fill: var(--good-soft); }
        .plot .edge, .plot .claimed, .plot .desired, .plot .now, .plot .base { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
        .plot .edge { stroke: var(--good); }
        .plot .claimed { stroke: var(--claimed); stroke-width: 1.5; stroke-dasharray: 2 3; stroke-linecap: round; }
        .plot .desired { stroke: var(--muted); stroke-width: 1.5; stroke-dasharray: 7 4; }
        .plot .now { stroke: var(--line); }
        .plot .base { stroke: var(--line); stroke-width: 1; }
        .axis { display: flex; justify-content: space-between; font-size: .75rem; color: var(--muted); padding: .25rem 0 .5rem; }
        .legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; margin: 0 0 .5rem; font-size: .875rem; }
        .legend li { display: flex; align-items: center; gap: .5rem; }
        .events { list-style: none; margin: 0; padding: 0; }
        .events li { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: 1rem; padding: .6rem 0; border-bottom: 1px solid var(--line); }
        .events li:last-child { border-bottom: 0; }
        .events p { margin: 0; overflow-wrap: anywhere; }
        .when { font-size: .875rem; }
        .failure { border-left: 3px solid var(--bad); padding-left: 1rem; margin-bottom: 1.25rem; }
        .failure h3 { margin: 0; }
        .failure .cause { font-weight: 600; }
        .hint { margin: 0 0 1.25rem; }
        pre { background: var(--back); border: 1px solid var(--line); border-radius: 6px; padding: .75rem 1rem; overflow-x: auto; max-height: 22rem; margin: .5rem 0 0; overflow-wrap: normal; }
        .notice { border-radius: 10px; padding: .8rem 1.1rem; margin: 0 0 1.25rem; }
        .notice p { margin: 0; }
        .notice.good { background: var(--good-soft); color: var(--good); }
        .notice.bad { background: var(--bad-soft); color: var(--bad); }

        """

    private static let controls = """
        button, input, select { font: inherit; color: inherit; border-radius: 7px; }
        input, select { background: var(--card); border: 1px solid var(--muted); padding: .45rem .7rem; }
        ::placeholder { color: var(--muted); opacity: 1; }
        button { background: var(--card); border: 1px solid var(--muted); padding: .45rem 1rem; font-weight: 600; cursor: pointer; }
        button:hover { background: var(--soft); }
        button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
        button.primary:hover { filter: brightness(1.08); }
        .who button.primary { background: none; color: var(--link); border-color: var(--line); }
        button.second { color: var(--link); }
        button.danger { background: var(--bad); border-color: var(--bad); color: var(--mark); }
        button.danger:hover { filter: brightness(1.08); }
        label { font-weight: 600; font-size: .875rem; }
        .stack { display: grid; gap: .6rem; }
        .providers { list-style: none; margin: 0 0 1rem; padding: 0; display: grid; gap: .6rem; }
        a.button { display: block; text-align: center; border-radius: 7px; padding: .55rem 1rem; font-weight: 600; text-decoration: none; }
        a.button.primary { background: var(--accent); color: var(--on-accent); }
        a.button.primary:hover { filter: brightness(1.08); }
        .or { display: flex; align-items: center; gap: .75rem; color: var(--muted); font-size: .875rem; margin: 0 0 1rem; }
        .or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
        .search { display: flex; gap: .75rem; align-items: end; margin: 0 0 1rem; flex-wrap: wrap; }
        .search div { display: grid; gap: .2rem; }
        .search div:first-child { flex: 1 1 18rem; }
        .search input { width: 100%; }
        .search input, .search select, .search button { min-height: 2.5rem; }
        .actions { display: flex; flex-wrap: wrap; gap: .75rem 1.25rem; margin: 0 0 1.25rem; }
        .actions form { display: flex; align-items: center; gap: .6rem; flex-wrap: wrap; }
        .forms { display: flex; flex-wrap: wrap; align-items: start; gap: .4rem 1rem; }
        .forms button { padding: .2rem .7rem; font-size: .875rem; }
        details > summary { cursor: pointer; color: var(--link); width: fit-content; border-radius: 4px; }
        .card > div > details { margin: .75rem 0; }
        .guarded > p { margin: .5rem 0; color: var(--muted); font-size: .875rem; }
        .pager { display: flex; justify-content: space-between; gap: 1rem; padding: 1rem 0; color: var(--muted); }

        """

    private static let narrow = """
        @media (max-width: 44rem) {
          h1 { font-size: 1.4rem; }
          .bar { gap: .5rem 1rem; padding: .6rem 1rem; }
          .bar nav { order: 3; width: 100%; }
          .bar nav ul { justify-content: space-between; }
          .bar nav a { padding: .55rem .7rem; }
          .who .name { max-width: 9rem; }
          main { padding: 1.1rem 1rem 2rem; }
          .card { padding: 1rem; }
          .tiles { grid-template-columns: repeat(2, 1fr); gap: .6rem; }
          .tile { padding: .6rem .8rem; }
          .search div { flex: 1 1 100%; }
          .search select, .search button { width: 100%; }
          .search button { min-height: 2.75rem; }
          .facts div { grid-template-columns: 1fr; gap: 0; }
          .events li { grid-template-columns: minmax(0, 1fr); gap: .1rem; }
          .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
          .cards, .cards tbody, .cards tr, .cards td, .cards th { display: block; }
          #pools .cards { border: 0; background: none; }
          .cards tr { padding: .75rem 0; border-bottom: 1px solid var(--line); }
          #pools .cards tr { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .75rem 1rem; margin-bottom: .6rem; }
          .cards tr:last-child { border-bottom: 0; }
          #pools .cards tr:last-child { border-bottom: 1px solid var(--line); }
          .cards td, .cards th, #pools .cards td, #pools .cards th { border: 0; padding: .15rem 0; }
          .cards td { display: grid; grid-template-columns: 7rem 1fr; gap: .75rem; text-align: left; }
          .cards td::before { content: attr(data-label); color: var(--muted); font-size: .8125rem; }
          .cards td:empty { display: none; }
          td.long { min-width: 0; }
          tbody th { white-space: normal; }
          .cards td > div { min-width: 0; }
          #pools .cards tr { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1rem; }
          #pools .cards th { grid-column: 1 / -1; padding-bottom: .4rem; }
          #pools .cards td { grid-template-columns: 5.2rem 1fr; gap: .4rem; }
          #pools .cards td.whole { grid-column: 1 / -1; }
          .cards .number { text-align: left; }
          .badge { justify-self: start; }
          tbody tr:hover > * { background: none; }
          .pager { flex-wrap: wrap; }
        }
        @media (prefers-reduced-motion: no-preference) { a, button { transition: background-color .12s; } }
        @media (forced-colors: active) { .badge { border: 1px solid; } }

        """
}
