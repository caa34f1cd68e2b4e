/** Beside every date field the chosen day in the page's own language: browsers write fields in theirs. */
export function sayDates(): void {
  document.querySelectorAll<HTMLInputElement>("input[type=date]").forEach(say);
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => {
      if (event.target instanceof HTMLInputElement && event.target.type === "date") say(event.target);
    });
  }
}

function say(field: HTMLInputElement): void {
  let words = field.nextElementSibling;
  if (!words?.matches(".words")) {
    words = document.createElement("span");
    words.className = "words";
    words.setAttribute("aria-hidden", "true");
    field.after(words);
  }
  const chosen = field.value ? new Date(`${field.value}T12:00:00Z`) : null;
  words.textContent = chosen && !Number.isNaN(chosen.getTime()) ? spoken(chosen) : "";
}

function spoken(day: Date): string {
  const language = document.documentElement.lang || "zh-CN";
  const parts = { year: "numeric", month: "long", day: "numeric", weekday: "long", timeZone: "UTC" } as const;
  return new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, parts).format(day);
}
