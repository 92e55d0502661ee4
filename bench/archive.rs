//! An archive of a newsroom, made up: the same for the same number, on every machine. Briefings of the
//! usual length with run-in heads, links, topics, authors, running stories and explainers; every tenth has
//! a Russian translation.

use std::fs;
use std::io;
use std::path::Path;

/// The explainer that the 1,000 newest briefings show.
pub const SHOWN_BY_MANY: &str = "explainer-0";

const WORDS: &[&str] = &[
    "the",
    "ministry",
    "of",
    "water",
    "said",
    "on",
    "that",
    "level",
    "river",
    "had",
    "fallen",
    "for",
    "a",
    "third",
    "year",
    "and",
    "farmers",
    "would",
    "receive",
    "less",
    "than",
    "they",
    "were",
    "promised",
    "in",
    "spring",
    "council",
    "budget",
    "vote",
    "deputies",
    "agreed",
    "after",
    "two",
    "days",
    "talks",
    "prices",
    "rose",
    "by",
    "seven",
    "percent",
    "while",
    "wages",
    "did",
    "not",
    "officials",
    "from",
    "three",
    "regions",
    "met",
    "to",
    "discuss",
    "repairs",
    "dam",
    "which",
    "was",
    "built",
    "sixty",
    "years",
    "ago",
    "court",
    "heard",
    "case",
    "against",
    "former",
    "head",
    "company",
    "lawyers",
    "asked",
    "more",
    "time",
];

const RUSSIAN: &[&str] = &[
    "министерство",
    "сообщило",
    "что",
    "уровень",
    "воды",
    "в",
    "реке",
    "упал",
    "третий",
    "год",
    "подряд",
    "и",
    "фермеры",
    "получат",
    "меньше",
    "чем",
    "им",
    "обещали",
    "весной",
    "совет",
    "принял",
    "бюджет",
    "после",
    "двух",
    "дней",
    "переговоров",
    "цены",
    "выросли",
    "на",
    "семь",
    "процентов",
    "суд",
    "начал",
    "рассмотрение",
    "дела",
    "бывшего",
    "главы",
    "компании",
    "адвокаты",
    "просят",
    "о",
    "времени",
];

/// Numbers that look random and are always the same (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("a remainder of a usize")
    }

    fn words(&mut self, from: &[&str], count: usize) -> String {
        let words: Vec<&str> = (0..count).map(|_| from[self.below(from.len())]).collect();
        let text = words.join(" ");
        let mut letters = text.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }

    fn paragraph(&mut self, from: &[&str]) -> String {
        let sentences: Vec<String> = (0..3 + self.below(2))
            .map(|_| {
                let count = 10 + self.below(10);
                self.words(from, count) + "."
            })
            .collect();
        sentences.join(" ")
    }
}

/// How many explainers an archive has.
fn explainers(briefings: usize) -> usize {
    (briefings / 100).clamp(5, 500)
}

/// The path of a briefing's file, from the root of the site.
pub fn briefing(i: usize, briefings: usize) -> String {
    let (year, month, _) = date(i, briefings);
    format!("content/briefings/{year}/{month:02}/story-{i}.md")
}

/// The day of a briefing: the first is of 2000, the last of 2023.
fn date(i: usize, briefings: usize) -> (usize, usize, usize) {
    let day = i * 24 * 336 / briefings;
    (2000 + day / 336, 1 + day / 28 % 12, 1 + day % 28)
}

/// Writes an archive of `briefings` briefings into a folder.
pub fn write(root: &Path, briefings: usize) -> io::Result<()> {
    let mut numbers = Numbers(7);
    for folder in ["content/explainers", "content/topics", "content/threads", "content/authors"] {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::write(
        root.join("nutgraf.yaml"),
        "title: The Archive\nurl: https://archive.example\ntimezone: Asia/Almaty\nlanguages:\n  ru: {title: Архив}\n\
         sections:\n  news: {title: News}\n  opinion: {title: Opinion}\n  economy: {title: Economy}\n",
    )?;
    for i in 0..20 {
        let text = format!("---\ntitle: Topic {i}\n---\n{}\n", numbers.paragraph(WORDS));
        fs::write(root.join(format!("content/topics/topic-{i}.md")), text)?;
    }
    for i in 0..40 {
        let text = format!("---\nname: Author {i}\nrole: Correspondent\n---\n{}\n", numbers.paragraph(WORDS));
        fs::write(root.join(format!("content/authors/author-{i}.md")), text)?;
    }
    for i in 0..(briefings / 50).clamp(2, 200) {
        let text = format!("---\ntitle: Running story {i}\n---\n{}\n", numbers.paragraph(WORDS));
        fs::write(root.join(format!("content/threads/thread-{i}.md")), text)?;
    }
    for i in 0..explainers(briefings) {
        let mut text =
            format!("---\ntitle: Explainer {i}\nas_of: 2020-01-01\ntopics: [topic-{}]\n---\n", i % 20);
        for _ in 0..4 {
            text += &format!("{}\n\n", numbers.paragraph(WORDS));
        }
        fs::write(root.join(format!("content/explainers/explainer-{i}.md")), text)?;
        let text =
            format!("---\ntitle: {}\n---\n{}\n", numbers.words(RUSSIAN, 4), numbers.paragraph(RUSSIAN));
        fs::write(root.join(format!("content/explainers/explainer-{i}.ru.md")), text)?;
    }
    for i in 0..briefings {
        let path = root.join(briefing(i, briefings));
        fs::create_dir_all(path.parent().expect("a briefing lies in a folder"))?;
        fs::write(path, text(&mut numbers, i, briefings))?;
        if i % 10 == 0 {
            let mut text =
                format!("---\ntitle: {}\n---\n{}\n", numbers.words(RUSSIAN, 7), numbers.paragraph(RUSSIAN));
            for head in ["Контекст.", "Что известно о деле?"] {
                text += &format!(
                    "\n**{head}** {}\n\n{}\n",
                    numbers.paragraph(RUSSIAN),
                    numbers.paragraph(RUSSIAN)
                );
            }
            fs::write(root.join(briefing(i, briefings).replace(".md", ".ru.md")), text)?;
        }
    }
    Ok(())
}

/// A briefing.
fn text(numbers: &mut Numbers, i: usize, briefings: usize) -> String {
    let (year, month, day) = date(i, briefings);
    let mut text = format!(
        "---\ntitle: {} {i}\ndate: {year}-{month:02}-{day:02} {:02}:00\nsection: {}\ntopics: [topic-{}, topic-{}]\n\
         authors: [author-{}]\n",
        numbers.words(WORDS, 8),
        8 + i % 4 * 3,
        ["news", "news", "economy", "opinion"][numbers.below(4)],
        numbers.below(10),
        10 + numbers.below(10),
        numbers.below(40),
    );
    if numbers.below(5) == 0 {
        text += &format!("thread: thread-{}\n", numbers.below((briefings / 50).clamp(2, 200)));
    }
    let shown = if i + 1_000 >= briefings { 0 } else { 1 + numbers.below(explainers(briefings) - 1) };
    text += &format!("explainers: [explainer-{shown}]\n---\n{}\n\n", numbers.paragraph(WORDS));
    text += &format!("**The context.** {}\n\n{}\n\n", numbers.paragraph(WORDS), numbers.paragraph(WORDS));
    if i > 0 {
        let other = numbers.below(i);
        text += &format!(
            "**What do we know about the talks?** {} [Earlier](/briefings/story-{other}/) *and* {}\n\n",
            numbers.paragraph(WORDS),
            numbers.paragraph(WORDS)
        );
    }
    text += &format!(
        "**Why it matters.** {}\n\n- {}\n- {}\n",
        numbers.paragraph(WORDS),
        numbers.words(WORDS, 12),
        numbers.words(WORDS, 9)
    );
    text
}
