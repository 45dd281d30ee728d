"use strict";
(() => {
    const up = document.currentScript.dataset.up;
    const input = document.getElementById("search"), found = document.getElementById("found");
    const menu = document.querySelector(".menu");

    if (matchMedia("(max-width: 760px)").matches) menu.open = false;
    const here = menu.querySelector("[aria-current]");
    if (here && menu.open) menu.scrollTop = Math.max(0, here.offsetTop - menu.clientHeight / 2);

    document.getElementById("theme").addEventListener("click", () => {
        const root = document.documentElement;
        const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
        root.dataset.theme = isDark ? "light" : "dark";
        try { localStorage.setItem("shophouse-theme", root.dataset.theme) } catch {}
    });

    // a page from a folder may not fetch files, but load scripts
    let loading = null;
    function index() {
        loading ??= new Promise((done) => {
            const script = document.createElement("script");
            script.src = `${up}search.js`;
            script.onload = () => done(window.shophouseSearch);
            document.head.append(script);
        });
        return loading;
    }

    const spoken = (text) => text.toLowerCase().replaceAll("_", " ");

    function score(entry, words, whole) {
        const title = spoken(entry.t), text = spoken(entry.w);
        let sum = title === whole ? 100 : title.startsWith(whole) ? 40 : title.includes(whole) ? 25 : text.includes(whole) ? 6 : 0;
        for (const word of words) {
            if (title.includes(word)) sum += 10;
            else if (text.includes(word)) sum += 2;
            else return 0;
        }
        return sum - Math.min(title.length, 60) / 100;
    }

    function said(entry, words) {
        const text = entry.w, at = spoken(text).indexOf(words[0]);
        const from = Math.max(0, at - 40);
        return (from ? "… " : "") + text.slice(from, from + 130) + (from + 130 < text.length ? " …" : "");
    }

    async function show() {
        const whole = spoken(input.value).trim(), words = whole.split(/\s+/).filter(Boolean);
        if (!words.length) { found.hidden = true; return }
        const entries = await index();
        if (whole !== spoken(input.value).trim()) return;
        const best = entries.map((entry) => [score(entry, words, whole), entry]).filter(([sum]) => sum > 0)
            .sort((a, b) => b[0] - a[0]).slice(0, 20);
        found.replaceChildren(...best.map(([, entry]) => {
            const item = document.createElement("li"), link = document.createElement("a");
            link.href = up + entry.p;
            link.append(entry.t);
            for (const [name, text] of [["where", entry.c], ["said", said(entry, words)]]) {
                const part = document.createElement("span");
                part.className = name;
                part.textContent = text;
                link.append(part);
            }
            item.append(link);
            return item;
        }));
        if (!best.length) {
            const none = document.createElement("li");
            none.className = "none";
            none.textContent = "Nothing found.";
            found.append(none);
        }
        found.hidden = false;
    }

    input.addEventListener("input", show);
    input.addEventListener("focus", () => { index(); show() });
    document.addEventListener("keydown", (event) => {
        const isTyping = event.target.closest("input, textarea, select");
        if (event.key === "/" && !isTyping) { event.preventDefault(); input.focus(); return }
        if (event.key === "Escape") { found.hidden = true; return }
        if (found.hidden || !["ArrowDown", "ArrowUp", "Enter"].includes(event.key)) return;
        const links = [...found.querySelectorAll("a")], at = links.indexOf(document.activeElement);
        if (event.key === "Enter") {
            if (document.activeElement === input && links.length) { event.preventDefault(); links[0].click() }
            return;
        }
        if (document.activeElement !== input && at < 0) return;
        event.preventDefault();
        (links[event.key === "ArrowDown" ? at + 1 : at - 1] ?? input).focus();
    });
    document.addEventListener("click", (event) => { if (!event.target.closest(".search")) found.hidden = true });
})();
