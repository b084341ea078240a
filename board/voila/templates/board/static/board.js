// The board's page. Its address says what is shown: …/#OneCell. Keys and the bar change the address; the kernel is told.
(() => {
  const WIDE = 940, HIGH = 584  // pixels in which every demo finds room; tests/kit/test_board.py measures it
  const shown = () => document.body.dataset.demo
  const names = () => [...document.querySelectorAll(".board-tiles a")].map(a => a.hash.slice(1))
  let wishes = 0
  const wish = name => {
    const field = document.querySelector(".board-wish input")
    field.value = `${name} ${wishes++}`
    field.dispatchEvent(new Event("input", {bubbles: true}))
  }
  const turn = by => { const all = names(); location.hash = all[(all.indexOf(shown()) + by + all.length) % all.length] }

  const actions = {
    next: ["›", ["n", "PageDown"], () => turn(1)],
    previous: ["‹", ["p", "PageUp"], () => turn(-1)],
    reset: ["↺", ["r"], () => wish(shown())],
    notes: ["?", ["i"], () => { document.body.toggleAttribute("data-notes"); fit() }],
    full: ["□", ["f"], () => document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()],
    tiles: ["▦", ["Escape"], () => { location.hash = "" }],
  }

  function fit() {
    const [bar, notes] = ["bar", "notes"].map(part => document.querySelector(`.board-${part}`).getBoundingClientRect())
    const room = notes.width ? notes.left : bar.left
    document.body.style.setProperty("--zoom", Math.min(room / WIDE, innerHeight / HIGH))
  }

  function go() {
    const name = location.hash.slice(1), known = names().includes(name)
    if (known) document.body.dataset.demo = name
    else delete document.body.dataset.demo
    wish(known ? name : "tiles")
    fit()
  }

  function start() {
    const bar = document.createElement("nav")
    bar.className = "board-bar"
    for (const [name, [sign, , action]] of Object.entries(actions)) {
      const button = document.createElement("button")
      const title = document.querySelector(`.board-keys .${name}`).textContent
      Object.assign(button, {textContent: sign, title, onclick: action})
      bar.append(button)
    }
    document.body.append(bar)
    addEventListener("hashchange", go)
    addEventListener("resize", fit)
    addEventListener("keydown", event => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("select, textarea") || !shown()) return
      const action = Object.values(actions).find(([, keys]) => keys.includes(event.key))
      if (!action) return
      event.preventDefault()
      event.stopPropagation()
      action[2]()
    }, true)
    go()
  }

  const waiting = setInterval(() => {
    if (!document.querySelector(".board-wish input") || !document.querySelector(".board-keys i")) return
    clearInterval(waiting)
    start()
  }, 20)
})()
