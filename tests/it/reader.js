// What the tests of reader.rs ask of a page, from inside it. Every list is empty when nothing is wrong.
window.reader = (() => {
  const root = () => document.documentElement
  const all = selector => [...document.querySelectorAll(selector)]
  const isSeen = element => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0
  const FOCUSABLE = 'a[href], summary, button, input, select, textarea, [tabindex]'

  /** An element in one line: its tag with attributes, and how its text begins. */
  const name = element => {
    if (!element) return 'nothing'
    const text = element.textContent.trim().replace(/\s+/g, ' ')
    return element.cloneNode().outerHTML.replace(/<\/[^<]*$/, '') + (text.length > 60 ? text.slice(0, 60) + '…' : text)
  }

  /** A canvas of one pixel: whatever a colour is written in, it comes out as what is seen. */
  const pixel = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  /** The luminance, as WCAG defines it, of colours painted over each other. */
  const luminance = colors => {
    pixel.clearRect(0, 0, 1, 1)
    for (const color of colors) {
      pixel.fillStyle = color
      pixel.fillRect(0, 0, 1, 1)
    }
    const [r, g, b] = [...pixel.getImageData(0, 0, 1, 1).data].map(
      part => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  /** The contrast of a colour on what is painted below it. */
  const contrast = (color, below) => {
    const [dark, light] = [luminance(below), luminance([...below, color])].sort((a, b) => a - b)
    return (light + 0.05) / (dark + 0.05)
  }
  /** Pairs of custom properties, a text's and its ground's, that are no colours or too near for small text. */
  const pale = (texts, grounds) => {
    const color = property => {
      const probe = document.createElement('p')
      probe.style.color = `var(${property}, transparent)`
      document.body.append(probe)
      const { color } = getComputedStyle(probe)
      probe.remove()
      return color
    }
    return texts.flatMap(text => grounds.map(ground => [text, ground, contrast(color(text), [color(ground)])]))
      .filter(([, , ratio]) => !(ratio >= 4.5))
      .map(([text, ground, ratio]) => `${text} on ${ground}: ${ratio.toFixed(2)}`)
  }
  /** The backgrounds behind an element, from the furthest on. */
  const grounds = element => (element ? [...grounds(element.parentElement), getComputedStyle(element).backgroundColor] : [])

  /** What axe-core finds wrong in a part of this page by such rules, and what it cannot tell: rule and node each. */
  const look = async (part, rules) => {
    const results = await axe.run(part, { resultTypes: ['violations', 'incomplete'], runOnly: rules })
    return ['violations', 'incomplete'].map(type => results[type].flatMap(({ id, nodes }) => nodes.map(node => ({ id, ...node }))))
  }
  /** What axe-core finds wrong in this page, and the text whose contrast it cannot tell: rule, element, why. */
  const barriers = async () => {
    const [found, open] = await look(document, ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    for (const { target: [selector] } of open.filter(({ id }) => id === 'color-contrast')) {
      // What is cut off by a box that scrolls can be told when it is in view.
      const element = document.querySelector(selector)
      element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' })
      const again = (await look(element, ['color-contrast'])).flat()
      found.push(...again.filter(({ target }) => document.querySelector(target[0]) === element))
    }
    return found.map(({ id, html, failureSummary }) => `${id}: ${html}\n${failureSummary}`)
  }

  /** What sticks out so that the page scrolls sideways, and what scrolls by itself out of reach of the keyboard. */
  const sideways = () => {
    const found = []
    const isCut = element => element && (getComputedStyle(element).overflowX !== 'visible' || isCut(element.parentElement))
    if (root().scrollWidth > innerWidth) {
      // Of boxes that end at the same place, the one is to blame whose own words or picture reach so far.
      const words = text => {
        const range = document.createRange()
        range.selectNode(text)
        return range
      }
      const uncut = all('body *').filter(element => !isCut(element.parentElement))
      const ends = uncut.flatMap(element => {
        const own = isCut(element) ? [] : [...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE && node.data.trim())
        const parts = [...own.map(words), ...(element.childElementCount ? [] : [element])]
        return parts.map(part => [part.getBoundingClientRect().right, element])
      })
      const [right, widest] = ends.reduce((most, next) => (next[0] > most[0] ? next : most), [0])
      found.push(`${root().scrollWidth} pixels wide; ${right.toFixed()} are reached by ${name(widest)}`)
    }
    for (const element of [root(), document.body])
      if (isCut(element)) found.push(`what sticks out is hidden by ${name(element)}`)
    for (const element of all('body *')) {
      if (!/auto|scroll/.test(getComputedStyle(element).overflowX) || element.scrollWidth <= element.clientWidth) continue
      if (element.tabIndex < 0 && !element.querySelector(FOCUSABLE)) found.push(`scrolls, but not with keys: ${name(element)}`)
    }
    return found
  }

  /** What is visible and can be worked with. A link that only repeats another for the pointer is left out. */
  const stops = () => {
    const isRepeated = element => element.tabIndex < 0 && element.closest('[aria-hidden=true]')
      && all('a[href]').some(other => other !== element && other.href === element.href && other.tabIndex >= 0)
    const isOnlyGoal = element => element.tabIndex < 0 && !element.matches('a, summary, button, input, select, textarea')
    return all(FOCUSABLE).filter(
      element => isSeen(element) && !element.disabled && !isRepeated(element) && !isOnlyGoal(element))
  }
  /** Why an element that has the focus does not show it, if so; its shadow was another before. */
  const unshown = (element, shadow) => {
    const own = getComputedStyle(element)
    if (own.boxShadow !== 'none' && own.boxShadow !== shadow) return
    const hasOutline = style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
    const style = [own, getComputedStyle(element, '::after')].find(hasOutline)
    if (!style) return 'shows no focus'
    const ratio = contrast(style.outlineColor, grounds(element.parentElement))
    if (ratio < 3) return `its outline has a contrast of only ${ratio.toFixed(2)}`
  }
  /** Whether a point of nine in one of the boxes of an element is the element's. */
  const isUncovered = element =>
    [...element.getClientRects()].some(({ left, top, width, height }) =>
      [0.1, 0.5, 0.9].some(x => [0.1, 0.5, 0.9].some(y =>
        element.contains(document.elementFromPoint(left + x * width, top + y * height)))))
  let walk
  /** Begins to look at each element that gets the focus, and says how many should. */
  const watch = () => {
    const expected = stops()
    const shadows = new Map(expected.map(element => [element, getComputedStyle(element).boxShadow]))
    walk = { expected, reached: [], found: [] }
    document.addEventListener('focusin', ({ target }) => {
      walk.reached.push(target)
      const wrong = unshown(target, shadows.get(target))
      if (wrong) walk.found.push(`${wrong}: ${name(target)}`)
      if (!isUncovered(target)) walk.found.push(`is covered or out of sight: ${name(target)}`)
    })
    return expected.length
  }
  /** What was wrong on the way from the first to the last since `watch`, and back to the first. */
  const walked = () => {
    const way = [...walk.expected, ...walk.expected.slice(0, -1).reverse()]
    const at = way.findIndex((element, at) => element !== walk.reached[at])
    if (at >= 0) walk.found.push(`the focus goes to ${name(walk.reached[at])} when it is the turn of ${name(way[at])}`)
    return walk.found
  }

  /** Where a link within the page leads. */
  const goal = link => document.getElementById(decodeURIComponent(link.hash.slice(1)))
  /** The numbers in the text that lead to footnotes. */
  const references = () => all('main :is(a[role=doc-noteref], [role=doc-noteref] a, sup a[href^="#"])')
  /** The link from the footnote of a reference back to it. */
  const back = reference => [...goal(reference).querySelectorAll('a')].find(link => goal(link)?.contains(reference))
  let taken
  const take = link => {
    taken = goal(link)
    link.focus()
  }
  /** Whether the reader sees where the link leads that was taken. */
  const hasArrived = () => {
    const { top, bottom } = taken.getBoundingClientRect()
    return document.querySelector(':target') === taken && top >= 0 && bottom <= innerHeight && isUncovered(taken)
  }

  const FETCHING = /\b(stylesheet|icon|preload|modulepreload|prefetch|prerender|preconnect|dns-prefetch|manifest)\b/
  /** Everything that is, or would be, fetched from another origin. */
  const foreign = () => {
    const links = all('link').filter(link => FETCHING.test(link.rel)).map(link => link.href)
    const sources = all('[src], [srcset], [poster]').flatMap(element => {
      const [src, srcset, poster] = ['src', 'srcset', 'poster'].map(name => element.getAttribute(name) ?? '')
      return [src, poster, ...srcset.split(',').map(part => part.trim().split(/\s/)[0])].filter(Boolean)
    })
    const fetched = performance.getEntriesByType('resource').map(entry => entry.name)
    return [...links, ...sources, ...fetched]
      .filter(address => new URL(address, document.baseURI).origin !== location.origin)
      .map(address => `from another origin: ${address}`)
  }
  /** Everything that is run, or would be. */
  const scripts = () => [
    ...all('script').filter(script => script.type !== 'application/ld+json').map(script => `a script: ${name(script)}`),
    ...all('*').flatMap(element => [...element.attributes]
      .filter(({ name, value }) => name.startsWith('on') || /^\s*javascript:/i.test(value))
      .map(({ name, value }) => `a script: ${name}="${value}"`)),
  ]
  /** The paths of this page and of all it fetched from its own origin. */
  const fetched = () =>
    ['navigation', 'resource'].flatMap(type => performance.getEntriesByType(type)).map(entry => new URL(entry.name))
      .filter(({ origin }) => origin === location.origin).map(({ pathname, search }) => pathname + search)

  /** All that was observed of a kind so far. */
  const observed = type => {
    const observer = new PerformanceObserver(() => {})
    observer.observe({ type, buffered: true })
    return observer.takeRecords()
  }
  /** What moved without being asked to, and pictures that would move something if they came late. */
  const shifts = () => {
    const moved = observed('layout-shift').map(({ value, sources }) => {
      const names = sources.map(({ node }) => name(node instanceof Element ? node : node?.parentElement))
      return `moves by ${value.toFixed(4)}: ${names.join(', ')}`
    })
    const unplaced = all('img').filter(image => isSeen(image) && getComputedStyle(image).aspectRatio === 'auto')
    return [...moved, ...unplaced.map(image => `no place is kept for ${name(image)}`)]
  }
  /** Goes down a page as a reader does, so that pictures further down are fetched. */
  const toTheEnd = async () => {
    for (let top = 0; top < root().scrollHeight; top += innerHeight) {
      scrollTo({ top, behavior: 'instant' })
      await new Promise(requestAnimationFrame)
    }
  }
  /** Whether all pictures are there, or at least those in view. */
  const isComplete = (upTo = Infinity) =>
    all('img').every(image => image.complete || !isSeen(image) || image.getBoundingClientRect().top >= upTo)

  /** The largest thing painted so far: when, what, and how much was fetched for the page. */
  const painted = () => {
    const last = observed('largest-contentful-paint').at(-1)
    if (!last) return
    const fetched = ['navigation', 'resource'].flatMap(type => performance.getEntriesByType(type))
    return [Math.round(last.startTime), name(last.element), fetched.reduce((sum, entry) => sum + entry.transferSize, 0)]
  }

  return {
    barriers, pale, sideways, watch, walked, references, back, take, hasArrived, foreign, scripts, fetched, shifts,
    toTheEnd, isComplete, painted,
  }
})()
