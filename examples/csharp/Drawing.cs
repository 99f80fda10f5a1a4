// What is to be drawn, in the types of C#.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

namespace Iddpm
{
    // Rows of pixels, one after the other, RGBA of 8 bits each, alpha straight.
    public sealed class Picture
    {
        public readonly byte[] Rgba;
        public readonly uint Width, Height;

        public Picture(byte[] rgba, uint width, uint height)
        {
            if ((ulong)rgba.Length != 4UL * width * height)
                throw new ArgumentException($"{rgba.Length} bytes: {width}x{height} pixels have {4UL * width * height}", nameof(rgba));
            Rgba = rgba;
            Width = width;
            Height = height;
        }
    }

    // The options of iddpm_draw, which says what each is. A text that is null or empty is not given, and the usual is drawn.
    public sealed class Drawing
    {
        public ulong Seed, First;
        public uint Count = 1;
        public double Guidance = 1, Strength = 1;
        public string[] Classes; // drawn in turn
        public string Steps, Method, Clip, Wrap, Resample, Between;
        public byte[] Palette; // RGBA of each colour
        public Picture Init, LowRes;
        public byte[] Mask; // a byte for each pixel of Init

        // Makes a call with the drawing as the library takes it.
        internal IntPtr Give(Func<Native.Draw, IntPtr> call)
        {
            Text.Check(Native.iddpm_draw_init(out var draw, (UIntPtr)Marshal.SizeOf(typeof(Native.Draw))));
            draw.Seed = Seed;
            draw.First = First;
            draw.Count = Count;
            draw.Guidance = Guidance;
            draw.Strength = Strength;
            using (var pins = new Pins())
            {
                var classes = Array.ConvertAll(Classes ?? new string[0], pins.Text);
                draw.Classes = pins.Pin(classes);
                draw.ClassCount = (UIntPtr)classes.Length;
                draw.Steps = pins.Text(Steps);
                draw.Method = pins.Text(Method);
                draw.Clip = pins.Text(Clip);
                draw.Wrap = pins.Text(Wrap);
                draw.Resample = pins.Text(Resample);
                draw.Between = pins.Text(Between);
                if (Palette != null)
                {
                    if (Palette.Length % 4 != 0) throw new ArgumentException($"{Palette.Length} bytes: a colour has 4", nameof(Palette));
                    draw.Palette = pins.Pin(Palette);
                    draw.PaletteCount = (uint)Palette.Length / 4;
                }
                if (Init != null)
                {
                    draw.Init = pins.Pin(Init.Rgba);
                    draw.InitStride = (UIntPtr)(4 * Init.Width);
                    draw.InitWidth = Init.Width;
                    draw.InitHeight = Init.Height;
                }
                if (Mask != null)
                {
                    var pixels = Init == null ? 0 : Init.Rgba.Length / 4;
                    if (Mask.Length != pixels) throw new ArgumentException($"{Mask.Length} bytes: Init has {pixels} pixels", nameof(Mask));
                    draw.Mask = pins.Pin(Mask);
                    draw.MaskStride = (UIntPtr)Init.Width;
                }
                if (LowRes != null)
                {
                    draw.LowRes = pins.Pin(LowRes.Rgba);
                    draw.LowResStride = (UIntPtr)(4 * LowRes.Width);
                    draw.LowResWidth = LowRes.Width;
                    draw.LowResHeight = LowRes.Height;
                }
                return call(draw);
            }
        }
    }

    // Memory that stays where it is until the call with it is over.
    sealed class Pins : IDisposable
    {
        readonly List<GCHandle> pinned = new List<GCHandle>();

        internal IntPtr Pin(Array items)
        {
            var handle = GCHandle.Alloc(items, GCHandleType.Pinned);
            pinned.Add(handle);
            return handle.AddrOfPinnedObject();
        }

        internal IntPtr Text(string text) => string.IsNullOrEmpty(text) ? IntPtr.Zero : Pin(Iddpm.Text.Utf8(text));

        public void Dispose() => pinned.ForEach(handle => handle.Free());
    }

    // What a call failed with: its result, by which iddpm.h tells faults apart (IDDPM_ARGUMENT is -1), and its sentence.
    public sealed class IddpmException : InvalidOperationException
    {
        public int Result { get; }

        internal IddpmException(int result, string sentence) : base(sentence)
        {
            Result = result;
        }
    }

    // Texts, and what failed.
    static class Text
    {
        internal static byte[] Utf8(string text) => text == null ? null : Encoding.UTF8.GetBytes(text + "\0");

        // A text that a call writes: first its size is asked for, 0 where it failed.
        internal static string Of(Func<byte[], UIntPtr, UIntPtr> put)
        {
            var text = new byte[(int)put(null, UIntPtr.Zero)];
            if (text.Length == 0) Check(Native.iddpm_last_result());
            put(text, (UIntPtr)text.Length);
            return Encoding.UTF8.GetString(text, 0, text.Length - 1);
        }

        // What a call came to, where it did not fail.
        internal static int Check(int result)
        {
            if (result < 0) throw new IddpmException(result, Of(Native.iddpm_last_error));
            return result;
        }
    }
}
