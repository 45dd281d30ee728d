// What of the visible text of a page is cut off, overlaps other text, or makes the page wider than the window.
() => {
  const problems = []
  const shown = []
  const clips = value => value !== "visible"
  const scrolls = value => value === "auto" || value === "scroll"
  const hidden = element => {
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at)
      if (style.visibility === "hidden" || style.display === "none" || Number(style.opacity) === 0) return true
      // what is read aloud only
      if (style.clipPath !== "none" || style.clip !== "auto") return true
    }
    return false
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const node = walker.currentNode
    const text = node.textContent.trim()
    const parent = node.parentElement
    if (!text || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(parent.tagName) || hidden(parent)) continue
    const range = document.createRange()
    range.selectNodeContents(node)
    for (const { left, top, right, bottom } of range.getClientRects()) {
      if (right - left < 1 || bottom - top < 1) continue
      const box = { left, top, right, bottom, text, parent }
      for (let at = parent; at && at !== document.documentElement; at = at.parentElement) {
        const style = getComputedStyle(at)
        const edge = at.getBoundingClientRect()
        if (style.display === "inline") continue
        if (clips(style.overflowX)) {
          const out = box.left < edge.left - 1.5 || box.right > edge.right + 1.5
          if (out && !scrolls(style.overflowX)) problems.push(`cut off: ${text}`)
          box.left = Math.max(box.left, edge.left)
          box.right = Math.min(box.right, edge.right)
        }
        if (clips(style.overflowY)) {
          const out = box.top < edge.top - 4 || box.bottom > edge.bottom + 4
          if (out && !scrolls(style.overflowY)) problems.push(`cut off: ${text}`)
          box.top = Math.max(box.top, edge.top)
          box.bottom = Math.min(box.bottom, edge.bottom)
        }
      }
      if (box.right - box.left > 1 && box.bottom - box.top > 1) shown.push(box)
    }
  }
  for (const [at, one] of shown.entries()) {
    for (const other of shown.slice(at + 1)) {
      if (one.parent === other.parent) continue
      const across = Math.min(one.right, other.right) - Math.max(one.left, other.left)
      const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top)
      // lines stand closer than their boxes are high
      if (across > 2 && down > 5) problems.push(`overlap: ${one.text} / ${other.text}`)
    }
  }
  const wide = document.documentElement.scrollWidth - window.innerWidth
  if (wide > 1) problems.push(`the page is ${wide} pixels wider than the window`)
  return [...new Set(problems)]
}
