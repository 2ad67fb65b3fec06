"""The 214 Kangxi radicals: their characters, the forms that they take within others, and their English names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Radical:
    """A radical.

    Attributes:
        number: 1 to 214.
        forms: the character itself, then the forms that it takes as a part of others: "金釒钅".
        key: English word that stands for it in the map's files and in the probe; distinct, and kept for ever.
        name: common English names, the usual one first: "gold, metal".
    """

    number: int
    forms: str
    key: str
    name: str

    @property
    def char(self) -> str:
        """The character itself, of the main block of Unicode."""
        return self.forms[0]


TABLE = """
1 一 one
2 丨 line = vertical line
3 丶 dot
4 丿 slash = slash, slanting stroke
5 乙乚 second = second, bent stroke
6 亅 hook
7 二 two
8 亠 lid
9 人亻 man = man, person
10 儿 legs
11 入 enter
12 八丷 eight
13 冂 down box = down box, open frame
14 冖 cover
15 冫 ice
16 几 table
17 凵 open box
18 刀刂 knife = knife, sword
19 力 power = power, strength
20 勹 wrap
21 匕 spoon
22 匚 right open box
23 匸 hiding enclosure
24 十 ten
25 卜⺊ divination
26 卩㔾 seal
27 厂 cliff
28 厶 private
29 又 again = again, right hand
30 口 mouth
31 囗 enclosure
32 土 earth = earth, soil
33 士 scholar
34 夂 go
35 夊 go slowly
36 夕 evening
37 大 big
38 女 woman
39 子 child
40 宀 roof
41 寸 inch = inch, thumb
42 小⺌ small
43 尢尣 lame
44 尸 corpse
45 屮 sprout
46 山 mountain
47 巛川 river = river, stream
48 工 work
49 己巳 oneself
50 巾 turban = cloth, turban
51 干 dry = dry, shield
52 幺 short thread
53 广 dotted cliff = house, dotted cliff
54 廴 long stride
55 廾 two hands
56 弋 shoot = shoot, stake
57 弓 bow
58 彐彑 snout
59 彡 bristle = bristle, hair
60 彳 step
61 心忄⺗ heart
62 戈 halberd = halberd, spear
63 戶户戸 door
64 手扌 hand
65 支 branch
66 攴攵 rap = rap, strike
67 文 script
68 斗 dipper
69 斤 axe
70 方 square
71 无旡 not
72 日 sun = sun, day
73 曰 say
74 月 moon = moon, month
75 木 tree = tree, wood
76 欠 lack = lack, yawn
77 止 stop
78 歹歺 death
79 殳 weapon
80 毋母 do not = do not, mother
81 比 compare
82 毛 fur = fur, hair
83 氏 clan
84 气 steam = steam, breath
85 水氵 water
86 火灬 fire
87 爪爫 claw
88 父 father
89 爻 lines on a trigram = double x, lines on a trigram
90 爿丬 half of a tree trunk = half tree trunk
91 片 slice
92 牙 fang = fang, tooth
93 牛牜 cow = cow, ox
94 犬犭 dog
95 玄 profound = profound, dark
96 玉王 jade
97 瓜 melon
98 瓦 tile
99 甘 sweet
100 生 life
101 用 use
102 田 field
103 疋⺪ bolt of cloth
104 疒 sickness
105 癶 footsteps = footsteps, dotted tent
106 白 white
107 皮 skin
108 皿 dish
109 目 eye
110 矛 spear
111 矢 arrow
112 石 stone
113 示礻 spirit = spirit, altar
114 禸 track
115 禾 grain
116 穴 cave
117 立 stand
118 竹⺮ bamboo
119 米 rice
120 糸糹纟 silk = silk, thread
121 缶 jar
122 网罒 net
123 羊⺶ sheep
124 羽 feather
125 老耂 old
126 而 and = and, beard
127 耒 plow
128 耳 ear
129 聿肀 brush
130 肉⺼ meat = meat, flesh
131 臣 minister
132 自 self
133 至 arrive
134 臼 mortar
135 舌 tongue
136 舛 oppose
137 舟 boat
138 艮 stopping
139 色 colour
140 艸艹 grass = grass, plant
141 虍 tiger
142 虫 insect = insect, worm
143 血 blood
144 行 walk enclosure = go, walk enclosure
145 衣衤 clothes
146 襾西覀 west = west, cover
147 見见 see
148 角 horn
149 言訁讠 speech = speech, words
150 谷 valley
151 豆 bean
152 豕 pig
153 豸 badger
154 貝贝 shell = shell, money
155 赤 red
156 走 run
157 足⻊ foot
158 身 body
159 車车 cart = cart, vehicle
160 辛 bitter
161 辰 morning
162 辵辶 walk
163 邑⻏ city
164 酉 wine
165 釆 distinguish
166 里 village = village, mile
167 金釒钅 gold = gold, metal
168 長镸长 long
169 門门 gate = gate, door
170 阜⻖ mound = mound, hill
171 隶 slave
172 隹 short-tailed bird
173 雨⻗ rain
174 靑青 blue = blue, green
175 非 wrong = wrong, not
176 面 face
177 革 leather
178 韋韦 tanned leather
179 韭 leek
180 音 sound
181 頁页 leaf = head, page
182 風风 wind
183 飛飞 fly
184 食飠饣 eat = eat, food
185 首 head = head, first
186 香 fragrant
187 馬马 horse
188 骨 bone
189 高 tall
190 髟 hair = long hair
191 鬥 fight
192 鬯 sacrificial wine
193 鬲 cauldron
194 鬼 ghost
195 魚鱼 fish
196 鳥鸟 bird
197 鹵卤 salt
198 鹿 deer
199 麥麦 wheat
200 麻 hemp
201 黃黄 yellow
202 黍 millet
203 黑 black
204 黹 embroidery
205 黽黾 frog
206 鼎 tripod
207 鼓 drum
208 鼠 rat = rat, mouse
209 鼻 nose
210 齊齐 even
211 齒齿 tooth
212 龍龙 dragon
213 龜龟 turtle
214 龠 flute
"""
"""Number, forms, key, and after "=" the name where it is not the key."""


def _line_to_radical(line: str) -> Radical:
    head, _, name = line.partition(" = ")
    number, forms, key = head.split(" ", 2)
    return Radical(int(number), forms, key, name or key)


RADICAL_TABLE: tuple[Radical, ...] = tuple(map(_line_to_radical, TABLE.strip().splitlines()))
"""By number: radical n is at index n - 1; `radical_of` finds it."""


def radical_of(number: int) -> Radical:
    """The radical of a number, 1 to 214."""
    if not 1 <= number <= len(RADICAL_TABLE):
        raise ValueError(f"radical must be a number from 1 to {len(RADICAL_TABLE)}, not {number!r}")
    return RADICAL_TABLE[number - 1]
