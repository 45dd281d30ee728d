// The search box: asks as someone types, and is led by the keyboard (arrows, Enter, Escape; / goes there).
(() => {
  let at = -1
  let asked = 0
  let waiting = null
  const box = () => document.getElementById("search")
  const list = () => document.getElementById("found")
  const panel = () => document.querySelector(".found-panel")
  const options = () => [...list().querySelectorAll("[role=option]")]

  const close = () => {
    asked++
    clearTimeout(waiting)
    panel().hidden = true
    list().replaceChildren()
    at = -1
    box().setAttribute("aria-expanded", "false")
    box().removeAttribute("aria-activedescendant")
  }

  const choose = (next) => {
    const all = options()
    if (!all.length) return
    at = (next + all.length) % all.length
    all.forEach((option, number) => option.setAttribute("aria-selected", String(number === at)))
    all[at].scrollIntoView({ block: "nearest" })
    box().setAttribute("aria-activedescendant", all[at].id)
  }

  const made = (name, attributes, text) => {
    const element = document.createElement(name)
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
    if (text !== undefined) element.textContent = text
    return element
  }

  const show = (groups, told) => {
    let number = 0
    at = -1
    box().removeAttribute("aria-activedescendant")
    list().replaceChildren(...groups.map((group, of) => {
      const around = made("div", { role: "group", "aria-labelledby": `found-group-${of}` })
      around.append(made("div", { id: `found-group-${of}`, class: "found-title", role: "presentation" }, group.title))
      for (const hit of group.hits) {
        const option = made("div", { id: `found-${number++}`, role: "option", "aria-selected": "false", "data-link": hit.link })
        option.append(made("div", { class: "found-name" }, hit.title), made("div", { class: "found-about" }, hit.about))
        around.append(option)
      }
      return around
    }))
    panel().querySelector(".found-told").textContent = told
    panel().hidden = false
    box().setAttribute("aria-expanded", String(number > 0))
  }

  const ask = async () => {
    const words = box().value.trim()
    if (!words) return close()
    const mine = ++asked
    try {
      const answer = await fetch(`/search?${new URLSearchParams({ q: words, view: location.search })}`)
      // a login that has ended answers with its page
      if (answer.redirected) return location.reload()
      const found = await answer.json()
      if (mine !== asked) return
      const count = (found.groups || []).reduce((sum, group) => sum + group.hits.length, 0)
      show(found.groups || [], found.error || (count ? "" : `Nothing has “${words}” in it.`))
    } catch (error) {
      if (mine === asked) show([], "The server does not answer.")
    }
  }

  const go = (option) => {
    const link = option.dataset.link
    const here = new URL(link, location.href)
    close()
    box().value = ""
    box().blur()
    if (here.pathname === location.pathname && here.search === location.search && here.hash) {
      location.hash = here.hash
      window.shophouseShowPlace()
    } else location.assign(link)
  }

  window.shophouseShowPlace = () => {
    const place = decodeURIComponent(location.hash.slice(1))
    const block = place && document.querySelector(`[data-place="${CSS.escape(place)}"]`)
    if (!block) return
    block.scrollIntoView({ block: "start" })
    block.classList.add("pointed-at")
    setTimeout(() => block.classList.remove("pointed-at"), 2000)
  }

  document.addEventListener("input", (event) => {
    if (event.target !== box()) return
    clearTimeout(waiting)
    waiting = setTimeout(ask, 150)
  })
  document.addEventListener("keydown", (event) => {
    if (event.target !== box()) {
      const writes = event.target.closest("input, textarea, select, [contenteditable=true]")
      if (event.key === "/" && !writes && !event.ctrlKey && !event.metaKey && !event.altKey && box()) {
        event.preventDefault()
        box().focus()
        box().select()
      }
      return
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault()
      if (panel().hidden) ask()
      else choose(event.key === "ArrowDown" ? at + 1 : at < 0 ? -1 : at - 1)
    } else if (event.key === "Enter") {
      event.preventDefault()
      const all = options()
      if (all.length) go(all[Math.max(at, 0)])
    } else if (event.key === "Escape") {
      if (panel().hidden) box().value = ""
      close()
    } else if (event.key === "Tab") close()
  })
  // before the box loses the focus
  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest && event.target.closest("#found [role=option]")
    if (option) event.preventDefault()
    else if (box() && !event.target.closest(".search")) close()
  })
  document.addEventListener("click", (event) => {
    const option = event.target.closest && event.target.closest("#found [role=option]")
    if (option) go(option)
  })
})()
