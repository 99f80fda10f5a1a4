// examples/c/sprite.c in C#: Sprite MODEL [CLASS [DEVICE]] writes sprite_cs.pam, RGBA.
//   mcs -out:sprite.exe examples/csharp/*.cs && LD_LIBRARY_PATH=target/release mono sprite.exe MODEL
using System;
using System.IO;
using System.Text;
using Iddpm;

static class Sprite
{
    static int Main(string[] arguments)
    {
        if (arguments.Length < 1)
        {
            Console.Error.WriteLine("Sprite MODEL [CLASS [DEVICE]]");
            return 1;
        }
        try
        {
            var className = arguments.Length > 1 ? arguments[1] : "sword";
            using (var model = Model.Open(arguments[0]))
            using (var studio = model.On(arguments.Length > 2 ? arguments[2] : null))
            using (var run = studio.Begin(new Drawing { Seed = 7, Classes = new[] { className } }))
            {
                while (run.Advance(4000)) { }
                Write(run, model.Info);
            }
            return 0;
        }
        catch (InvalidOperationException error)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
    }

    static void Write(Run run, Info info)
    {
        var rgba = new byte[info.Width * info.Height * 4];
        run.Pixels(0, rgba, (int)info.Width * 4);
        var head = $"P7\nWIDTH {info.Width}\nHEIGHT {info.Height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n";
        using (var file = File.Create("sprite_cs.pam"))
        {
            var bytes = Encoding.ASCII.GetBytes(head);
            file.Write(bytes, 0, bytes.Length);
            file.Write(rgba, 0, rgba.Length);
        }
    }
}
