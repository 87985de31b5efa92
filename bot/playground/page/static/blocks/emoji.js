// Looks up emoji by the names that Slack gives them: those that people and this bot use.

import { h } from "../app/dom.js";

/** A name between colons, with or without a skin tone. */
export const EMOJI_CODE = /:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/y;

/** The reactions that are offered first. */
export const REACTIONS = Object.freeze([
  "thumbsup",
  "thumbsdown",
  "heart",
  "tada",
  "eyes",
  "white_check_mark",
  "raised_hands",
  "pray",
  "joy",
  "thinking_face",
  "rocket",
  "100",
]);

const TABLE = `
+1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 ok_hand 👌 wave 👋 clap 👏 raised_hands 🙌 pray 🙏 muscle 💪 point_up ☝️
point_down 👇 point_left 👈 point_right 👉 point_up_2 👆 v ✌️ crossed_fingers 🤞 call_me_hand 🤙 handshake 🤝
writing_hand ✍️ raised_hand ✋ hand ✋ fist ✊ facepunch 👊 punch 👊 shrug 🤷 face_palm 🤦 bow 🙇
smile 😄 smiley 😃 grinning 😀 grin 😁 laughing 😆 satisfied 😆 sweat_smile 😅 joy 😂 rolling_on_the_floor_laughing 🤣
slightly_smiling_face 🙂 upside_down_face 🙃 wink 😉 blush 😊 innocent 😇 heart_eyes 😍 star-struck 🤩 kissing_heart 😘
yum 😋 stuck_out_tongue 😛 zany_face 🤪 hugging_face 🤗 thinking_face 🤔 face_with_raised_eyebrow 🤨 neutral_face 😐
expressionless 😑 no_mouth 😶 smirk 😏 unamused 😒 face_with_rolling_eyes 🙄 grimacing 😬 relieved 😌 pensive 😔
sleepy 😪 sleeping 😴 mask 😷 exploding_head 🤯 face_with_monocle 🧐 sunglasses 😎 nerd_face 🤓 confused 😕 worried 😟
slightly_frowning_face 🙁 open_mouth 😮 hushed 😯 astonished 😲 flushed 😳 pleading_face 🥺 fearful 😨 cold_sweat 😰
cry 😢 sob 😭 scream 😱 disappointed 😞 sweat 😓 weary 😩 tired_face 😫 yawning_face 🥱 triumph 😤 rage 😡 angry 😠
melting_face 🫠 saluting_face 🫡 partying_face 🥳 smiling_face_with_tear 🥲 skull 💀 ghost 👻 robot_face 🤖 alien 👽
see_no_evil 🙈 hear_no_evil 🙉 speak_no_evil 🙊 heart ❤️ orange_heart 🧡 yellow_heart 💛 green_heart 💚 blue_heart 💙
purple_heart 💜 black_heart 🖤 white_heart 🤍 broken_heart 💔 two_hearts 💕 sparkling_heart 💖 100 💯 boom 💥 collision 💥
dizzy 💫 sparkles ✨ star ⭐ star2 🌟 zap ⚡ fire 🔥 tada 🎉 confetti_ball 🎊 balloon 🎈 birthday 🎂 gift 🎁 trophy 🏆
first_place_medal 🥇 medal 🏅 dart 🎯 crown 👑 gem 💎 rocket 🚀 airplane ✈️ car 🚗 bike 🚲 house 🏠 office 🏢
eyes 👀 brain 🧠 bulb 💡 speech_balloon 💬 thought_balloon 💭 mega 📣 loudspeaker 📢 bell 🔔 no_bell 🔕 memo 📝 pencil 📝
pencil2 ✏️ book 📖 books 📚 bookmark 🔖 page_facing_up 📄 clipboard 📋 file_folder 📁 open_file_folder 📂 paperclip 📎
pushpin 📌 round_pushpin 📍 link 🔗 calendar 📆 date 📅 chart_with_upwards_trend 📈 chart_with_downwards_trend 📉
bar_chart 📊 email 📧 envelope ✉️ inbox_tray 📥 outbox_tray 📤 package 📦 computer 💻 iphone 📱 camera 📷 mag 🔍
mag_right 🔎 lock 🔒 unlock 🔓 key 🔑 hammer 🔨 wrench 🔧 hammer_and_wrench 🛠️ gear ⚙️ toolbox 🧰 bug 🐛 test_tube 🧪
moneybag 💰 credit_card 💳 hourglass ⌛ hourglass_flowing_sand ⏳ stopwatch ⏱️ alarm_clock ⏰ clock1 🕐 watch ⌚
white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ x ❌ negative_squared_cross_mark ❎ warning ⚠️
no_entry ⛔ no_entry_sign 🚫 octagonal_sign 🛑 rotating_light 🚨 construction 🚧 information_source ℹ️ question ❓
grey_question ❔ exclamation ❗ heavy_exclamation_mark ❗ bangbang ‼️ recycle ♻️ arrow_right ➡️ arrow_left ⬅️ arrow_up ⬆️
arrow_down ⬇️ arrows_counterclockwise 🔄 leftwards_arrow_with_hook ↩️ heavy_plus_sign ➕ heavy_minus_sign ➖ red_circle 🔴
large_orange_circle 🟠 large_yellow_circle 🟡 large_green_circle 🟢 large_blue_circle 🔵 white_circle ⚪ black_circle ⚫
one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ new 🆕 ok 🆗 sos 🆘 soon 🔜 sunny ☀️ cloud ☁️ rain_cloud 🌧️ snowflake ❄️ rainbow 🌈
earth_africa 🌍 earth_americas 🌎 globe_with_meridians 🌐 seedling 🌱 evergreen_tree 🌲 four_leaf_clover 🍀 rose 🌹
cherry_blossom 🌸 coffee ☕ tea 🍵 beer 🍺 beers 🍻 wine_glass 🍷 pizza 🍕 hamburger 🍔 taco 🌮 cookie 🍪 cake 🍰
apple 🍎 banana 🍌 avocado 🥑 popcorn 🍿 dog 🐶 cat 🐱 fox_face 🦊 panda_face 🐼 unicorn_face 🦄 penguin 🐧 turtle 🐢
crab 🦀 snake 🐍 bee 🐝 butterfly 🦋 whale 🐳 soccer ⚽ basketball 🏀 musical_note 🎵 headphones 🎧 art 🎨 game_die 🎲
crystal_ball 🔮 magic_wand 🪄 wastebasket 🗑️ checkered_flag 🏁 triangular_flag_on_post 🚩 technologist 🧑‍💻
`;

const FIRST_TONE = 0x1f3f9; // two before the lightest of the five, which Slack calls 2
const CHARACTERS = new Map(pairs(TABLE.trim().split(/\s+/)));

/** @returns {Generator<[string, string]>} */
function* pairs(words) {
  for (let at = 0; at < words.length; at += 2) yield [words[at], words[at + 1]];
}

/** The character of a name, in a skin tone where it ends in `::skin-tone-2` to 6; `:name:` where it has none here. */
export function emoji(name) {
  const [base, tone] = name.split("::skin-tone-");
  const character = CHARACTERS.get(base);
  if (!character) return `:${name}:`;
  return /^[2-6]$/.test(tone)
    ? character.replace("\ufe0f", "") + String.fromCodePoint(FIRST_TONE + Number(tone))
    : character;
}

/** The character as a picture that has a name; the name between colons where there is no character. */
export function emojiNode(name) {
  const shown = emoji(name);
  return shown.startsWith(":") ? shown : picture(shown, name);
}

export function picture(character, name) {
  const label = `${name.replace("::", " ").replaceAll("_", " ")} emoji`;
  return h("span", { class: "emoji", role: "img", "aria-label": label, title: `:${name}:` }, character);
}
